package worker

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/quotasched/quotasched/worker/shim"
)

// LogsKept bounds what is kept of what ended tasks wrote, all of it together. The oldest goes
// first.
type LogsKept struct {
	Bytes  int64         // 0 means 256 MiB
	Number int           // of attempts; 0 means 1,000
	Time   time.Duration // 0 means 24 h
}

// logs are what ended tasks wrote, in a folder with a directory for each lease. It is there to be
// read by people: to lose it does no harm.
type logs struct {
	dir  string
	most LogsKept

	mu    sync.Mutex
	all   []keptLog // oldest first
	bytes int64
}

// keptLog is what one ended task wrote.
type keptLog struct {
	dir   string
	since time.Time
	bytes int64
}

// openLogs takes in what earlier agents kept.
func openLogs(dir string, most LogsKept) (*logs, error) {
	if err := os.MkdirAll(dir, 0o711); err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	l := &logs{dir: dir, most: most}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		info, err := e.Info()
		if err != nil {
			continue
		}
		if bytes, err := shim.KeepOutput(path); err == nil && bytes > 0 {
			l.add(keptLog{path, info.ModTime(), bytes})
		}
	}
	slices.SortFunc(l.all, func(a, b keptLog) int {
		return cmp.Or(a.since.Compare(b.since), cmp.Compare(a.dir, b.dir))
	})
	l.mu.Lock()
	defer l.mu.Unlock()
	l.prune(time.Now())
	return l, nil
}

func (l *logs) add(k keptLog) {
	l.all = append(l.all, k)
	l.bytes += k.bytes
}

// keep takes the directory of a lease that is forgotten, and keeps what its task wrote. After an
// error the directory is where it was.
func (l *logs) keep(dir string) error {
	path := filepath.Join(l.dir, filepath.Base(dir))
	if err := os.Rename(dir, path); err != nil {
		return err
	}
	bytes, err := shim.KeepOutput(path)
	if err != nil {
		_ = os.RemoveAll(path) // else the next agent does
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if bytes > 0 {
		l.add(keptLog{path, now, bytes})
	}
	l.prune(now)
	return nil
}

// prune removes what is over the bounds. l.mu is held.
func (l *logs) prune(now time.Time) {
	for len(l.all) > 0 && (l.bytes > l.most.Bytes || len(l.all) > l.most.Number ||
		now.Sub(l.all[0].since) > l.most.Time) {
		_ = os.RemoveAll(l.all[0].dir) // else the next agent does
		l.bytes -= l.all[0].bytes
		l.all = l.all[1:]
	}
}

// expire removes what is too old.
func (l *logs) expire() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.prune(time.Now())
}
