package swf

import (
	"bytes"
	"errors"
	"io"
	"testing"
)

// FuzzReader reads anything: it must end, must not panic, must name a line in each error, and every
// job that it returns must be one that a replay can use.
func FuzzReader(f *testing.F) {
	f.Add([]byte("; MaxProcs: 8\n" + line))
	f.Add([]byte("\n\n;\n" + line + "1 2 3\n"))
	f.Add([]byte(withField(6, "1e300") + withField(4, "0x1p4")))
	f.Add([]byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff})
	f.Add([]byte("; UnixStartTime: 99999999999999999999\n; :\n;;;a:\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := NewReader(bytes.NewReader(data), "fuzz")
		if err != nil {
			return
		}
		for calls := 0; ; calls++ {
			job, err := r.Next()
			if bad, ok := errors.AsType[*LineError](err); ok {
				if bad.Line != r.Line() || bad.Line < 1 {
					t.Fatalf("line %d, but the reader is at %d", bad.Line, r.Line())
				}
				continue
			}
			if err != nil {
				if _, again := r.Next(); again != err {
					t.Fatalf("%v, and then %v", err, again)
				}
				if err == io.EOF {
					checkHeader(t, r.Header())
				}
				return
			}
			if job.SubmitSeconds < 0 || job.RunSeconds < -1 || job.WaitSeconds < -1 ||
				job.Size() < 0 || job.Size() > maxProcessors || job.RunSeconds > maxSeconds {
				t.Fatalf("no replay can use %+v", job)
			}
		}
	})
}

func checkHeader(t *testing.T, h *Header) {
	if n := h.Processors(); n < 0 {
		t.Fatalf("%d processors", n)
	}
	if start, ok := h.Start(); ok && (start.Year() < 1970 || start.Year() > 2999) {
		t.Fatalf("start %v", start)
	}
}
