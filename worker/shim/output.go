package shim

import (
	"io"
	"os"
	"sync/atomic"
)

// output is a file that keeps the newest bytes: when it is full it becomes the older of two, so
// that both together never have more than twice the bound. When the disk takes no more, bytes are
// dropped: a task is never kept waiting for its output.
type output struct {
	path    string
	bound   int64
	file    *os.File
	size    int64
	dropped atomic.Int64 // bytes
}

// copyFrom writes all that comes, until its end.
func (o *output) copyFrom(r io.Reader) {
	buf := make([]byte, 64<<10)
	for {
		n, err := r.Read(buf)
		o.write(buf[:n])
		if err != nil {
			if o.file != nil {
				_ = o.file.Close() // what was written is there
			}
			return
		}
	}
}

func (o *output) write(p []byte) {
	for len(p) > 0 {
		if o.size >= o.bound {
			o.rotate()
		}
		if o.file == nil && !o.open() {
			o.dropped.Add(int64(len(p)))
			return
		}
		n, err := o.file.Write(p[:min(int64(len(p)), o.bound-o.size)])
		o.size += int64(n)
		p = p[n:]
		if err != nil {
			o.dropped.Add(int64(len(p)))
			return
		}
	}
}

func (o *output) rotate() {
	if o.file != nil {
		_ = o.file.Close()
	}
	_ = os.Rename(o.path, o.path+".1") // else it is written over
	o.file, o.size = nil, 0
}

func (o *output) open() bool {
	f, err := os.OpenFile(o.path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return false
	}
	o.file, o.size = f, 0
	return true
}
