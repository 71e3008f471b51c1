package access

import (
	"sync/atomic"
	"time"
)

// File is a policy that is read again when it has changed. It may be used from any goroutine.
type File struct {
	path   string
	policy atomic.Pointer[Policy]
}

// Open reads a policy file, as Load does.
func Open(path string) (*File, error) {
	f := &File{path: path}
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
	return nil
}

// Identify is that of the policy which was read last.
func (f *File) Identify(c Credentials, now time.Time) (*Identity, error) {
	return f.policy.Load().Identify(c, now)
}
