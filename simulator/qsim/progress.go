package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/quotasched/quotasched/simulator/experiment"
)

// progressBar shows how far something has come, and how long it will still take.
type progressBar struct {
	out   io.Writer
	doing string
	bar   *progressbar.ProgressBar
}

// newProgressBar returns a bar on out, or nil if there is to be none.
func newProgressBar(when progressFlag, out io.Writer) *progressBar {
	if when == "off" || when == "auto" && !isTerminal(out) {
		return nil
	}
	p := &progressBar{out: out}
	p.begin("simulating", 1)
	return p
}

// begin begins another bar. One that has been full shows nothing more.
func (p *progressBar) begin(doing string, total int64) {
	p.doing = doing
	p.bar = progressbar.NewOptions64(total,
		progressbar.OptionSetWriter(p.out),
		progressbar.OptionSetDescription(doing),
		progressbar.OptionShowCount(),
		progressbar.OptionSetPredictTime(true),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionClearOnFinish(),
		progressbar.OptionUseANSICodes(false),
	)
}

// show moves the bar. That it cannot be drawn is no reason to stop.
func (p *progressBar) show(at experiment.Progress) {
	p.bar.ChangeMax64(max(at.Requests, 1))
	p.bar.Describe(fmt.Sprintf("run %d of %d", min(at.EndedRuns+1, at.Runs), at.Runs))
	_ = p.bar.Set64(at.Ended)
}

// moved moves the bar of a command that has no experiment. What is done next has a bar of its own.
func (p *progressBar) moved(doing string, done, total int64) {
	if doing != p.doing {
		p.close()
		p.begin(doing, max(total, 1))
	}
	_ = p.bar.Set64(min(done, total))
}

// along returns what reads a file, and moves the bar while it does. Without a bar it is the file.
func (p *progressBar) along(file *os.File, doing string) io.Reader {
	info, err := file.Stat()
	if p == nil || err != nil {
		return file
	}
	return &readAlong{file, 0, func(bytes int64) { p.moved(doing, bytes, info.Size()) }}
}

// readAlong says of a reader how much was read.
type readAlong struct {
	io.Reader
	bytes int64
	say   func(bytes int64)
}

func (r *readAlong) Read(b []byte) (int, error) {
	n, err := r.Reader.Read(b)
	r.bytes += int64(n)
	r.say(r.bytes)
	return n, err
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
