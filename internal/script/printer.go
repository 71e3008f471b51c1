package script

import (
	"context"
	"strings"

	"go.chromium.org/luci/common/logging"
)

// withPrinter returns a context whose logger prints warnings and errors on the pool.
func withPrinter(ctx context.Context, p *pool) context.Context {
	return logging.SetFactory(ctx, func(context.Context, *logging.LogContext) logging.Logger {
		return printer{p}
	})
}

// printer is a logger that writes into the output of a command.
type printer struct{ pool *pool }

func (l printer) Debugf(string, ...any) {}

func (l printer) Infof(string, ...any) {}

func (l printer) Warningf(format string, args ...any) {
	l.LogCall(logging.Warning, 0, format, args)
}

func (l printer) Errorf(format string, args ...any) {
	l.LogCall(logging.Error, 0, format, args)
}

func (l printer) LogCall(level logging.Level, _ int, format string, args []any) {
	if level >= logging.Warning {
		l.pool.note(strings.ToLower(level.String())+": "+format, args...)
	}
}
