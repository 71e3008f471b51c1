package main

import (
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/quotasched/quotasched/simulator"
)

// progressBar shows how far a run has come.
type progressBar struct {
	bar *progressbar.ProgressBar
}

// newProgressBar returns a bar on out, or nil if there is to be none.
func newProgressBar(when progressFlag, out io.Writer, requests int) *progressBar {
	if when == "off" || when == "auto" && !isTerminal(out) {
		return nil
	}
	return &progressBar{bar: progressbar.NewOptions(requests,
		progressbar.OptionSetWriter(out),
		progressbar.OptionSetDescription("replaying"),
		progressbar.OptionShowCount(),
		progressbar.OptionSetPredictTime(true),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionClearOnFinish(),
		progressbar.OptionUseANSICodes(false),
	)}
}

// show moves the bar. That it cannot be drawn is no reason to stop.
func (p *progressBar) show(at simulator.Progress) {
	p.bar.Describe(at.Now.Format("2006-01-02"))
	_ = p.bar.Set(at.Ended)
}

// close takes the bar off the terminal.
func (p *progressBar) close() {
	if p != nil {
		_ = p.bar.Clear()
	}
}

// isTerminal says whether somebody may be looking at out.
func isTerminal(out io.Writer) bool {
	f, ok := out.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
