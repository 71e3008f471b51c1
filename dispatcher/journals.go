package dispatcher

import (
	"context"
	"fmt"
	"io"
	"path/filepath"

	"github.com/quotasched/quotasched/dispatcher/api"
	"github.com/quotasched/quotasched/dispatcher/forecasts"
	"github.com/quotasched/quotasched/dispatcher/journals"
	"github.com/quotasched/quotasched/dispatcher/node"
	"github.com/quotasched/quotasched/dispatcher/state"
	"github.com/quotasched/quotasched/journal"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/protos/dispatch"
)

// journalFiles are a node's journals, as the machine writes them and the service reads them.
type journalFiles struct {
	*journals.Journals
	forecasts *forecasts.Forecasts
	node      *node.Node
}

var _ api.Journals = (*journalFiles)(nil)

func openJournals(c Config) (*journalFiles, error) {
	j, err := journals.New(journals.Options{Dir: filepath.Join(c.DataDir, "journals"),
		Writer: "qsched, node " + c.NodeID, KeepBytes: c.JournalBytes, KeepFor: c.JournalAge,
		Logger: c.Logger})
	if err != nil {
		return nil, fmt.Errorf("the journals: %w", err)
	}
	return &journalFiles{Journals: j, forecasts: forecasts.New(j)}, nil
}

// Export implements api.Journals.
func (f *journalFiles) Export(ctx context.Context, pool string, to io.Writer) error {
	c, err := f.Open(ctx, pool)
	if err != nil {
		return err
	}
	defer c.Close() // it was only read
	return c.Write(ctx, to, journal.Zstd)
}

// Forecast implements api.Journals.
func (f *journalFiles) Forecast(ctx context.Context, pool, id string) (*protos.Forecast, string,
	error) {
	as, err := f.node.Read(ctx, &dispatch.ReadOptions{Stale: true}, func(*state.Machine) {})
	if err != nil {
		return nil, "", err
	}
	return f.forecasts.Of(ctx, forecasts.Question{Pool: pool, Task: id, Now: as.Time})
}
