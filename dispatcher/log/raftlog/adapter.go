package raftlog

import (
	"context"
	"fmt"
	"io"
	stdlog "log"
	"log/slog"

	"github.com/hashicorp/go-hclog"
)

// An adapter lets raft and raft-wal write to a slog.Logger.
type adapter struct {
	log  *slog.Logger
	name string
}

var slogLevels = map[hclog.Level]slog.Level{hclog.Trace: slog.LevelDebug - 4,
	hclog.Debug: slog.LevelDebug, hclog.Info: slog.LevelInfo, hclog.Warn: slog.LevelWarn,
	hclog.Error: slog.LevelError}

func (a adapter) Log(level hclog.Level, msg string, args ...any) {
	l, known := slogLevels[level]
	if !known || !a.enabled(level) {
		return
	}
	for i, arg := range args {
		switch arg := arg.(type) {
		case hclog.Format:
			args[i] = fmt.Sprintf(fmt.Sprint(arg[0]), arg[1:]...)
		case error:
			args[i] = arg.Error()
		}
	}
	a.log.Log(context.Background(), l, msg, args...)
}

func (a adapter) enabled(level hclog.Level) bool {
	return a.log.Enabled(context.Background(), slogLevels[level])
}

func (a adapter) Trace(msg string, args ...any) { a.Log(hclog.Trace, msg, args...) }
func (a adapter) Debug(msg string, args ...any) { a.Log(hclog.Debug, msg, args...) }
func (a adapter) Info(msg string, args ...any)  { a.Log(hclog.Info, msg, args...) }
func (a adapter) Warn(msg string, args ...any)  { a.Log(hclog.Warn, msg, args...) }
func (a adapter) Error(msg string, args ...any) { a.Log(hclog.Error, msg, args...) }

func (a adapter) IsTrace() bool { return a.enabled(hclog.Trace) }
func (a adapter) IsDebug() bool { return a.enabled(hclog.Debug) }
func (a adapter) IsInfo() bool  { return a.enabled(hclog.Info) }
func (a adapter) IsWarn() bool  { return a.enabled(hclog.Warn) }
func (a adapter) IsError() bool { return a.enabled(hclog.Error) }

func (a adapter) With(args ...any) hclog.Logger { return adapter{a.log.With(args...), a.name} }
func (a adapter) Named(name string) hclog.Logger {
	return adapter{a.log, a.name + "." + name}
}
func (a adapter) ResetNamed(name string) hclog.Logger { return adapter{a.log, name} }
func (a adapter) Name() string                        { return a.name }
func (a adapter) ImpliedArgs() []any                  { return nil }
func (a adapter) SetLevel(hclog.Level)                {}
func (a adapter) GetLevel() hclog.Level               { return hclog.NoLevel }

func (a adapter) StandardLogger(*hclog.StandardLoggerOptions) *stdlog.Logger {
	return slog.NewLogLogger(a.log.Handler(), slog.LevelInfo)
}

func (a adapter) StandardWriter(*hclog.StandardLoggerOptions) io.Writer {
	return a.StandardLogger(nil).Writer()
}
