package access

import (
	"sync"
	"sync/atomic"
	"time"
)

// File is a policy that is read again when it has changed. It may be used from any goroutine.
type File struct {
	path   string
	policy atomic.Pointer[Policy]

	mu      sync.Mutex
	changed chan struct{} // closed when the policy changes
}

// Open reads a policy file, as Load does.
func Open(path string) (*File, error) {
	f := &File{path: path, changed: make(chan struct{})}
	if err := f.Reload(); err != nil {
		return nil, err
	}
	return f, nil
}

// Reload reads the file again. If it is wrong, the policy before stays.
func (f *File) Reload() error {
	p, err := Load(f.path)
	if err != nil {
		return err
	}
	f.policy.Store(p)
	f.mu.Lock()
	defer f.mu.Unlock()
	close(f.changed)
	f.changed = make(chan struct{})
	return nil
}

// Changed is closed when the file is read again.
func (f *File) Changed() <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.changed
}

// Identify is that of the policy which was read last.
func (f *File) Identify(c Credentials, now time.Time) (*Identity, error) {
	return f.policy.Load().Identify(c, now)
}
