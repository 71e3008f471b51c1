package swf

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

// line is a well-formed job.
const line = "15 599850 192180 3477 4 3.5 -1 5 53940 -1 1 12 13 -1 2 -1 -1 -1\n"

// withField returns line with field i (from 1) replaced.
func withField(i int, value string) string {
	fields := strings.Fields(line)
	fields[i-1] = value
	return strings.Join(fields, " ") + "\n"
}

func zipped(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := io.WriteString(z, text); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func newReader(t *testing.T, in io.Reader) *Reader {
	t.Helper()
	r, err := NewReader(in, "a.swf")
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestReadsAllFields(t *testing.T) {
	r := newReader(t, strings.NewReader(line))
	got, err := r.Next()
	want := Job{Number: 15, SubmitSeconds: 599850, WaitSeconds: 192180, RunSeconds: 3477,
		Processors: 4, CPUSeconds: 3.5, MemoryKB: -1, AskedProcessors: 5, AskedSeconds: 53940,
		AskedMemoryKB: -1, Status: 1, User: 12, Group: 13, Application: -1, Queue: 2,
		Partition: -1, PrecedingJob: -1, ThinkTimeSeconds: -1}
	if err != nil || got != want {
		t.Errorf("got %+v, %v\nwant %+v", got, err, want)
	}
	if _, err := r.Next(); err != io.EOF {
		t.Errorf("after the last job: %v, want io.EOF", err)
	}
	if _, err := r.Next(); err != io.EOF {
		t.Errorf("again: %v, want io.EOF", err)
	}
}

func TestSizeAndRan(t *testing.T) {
	for _, c := range []struct {
		had, asked, run int64
		size            int64
		ran             bool
	}{
		{4, 5, 10, 4, true},
		{-1, 5, 10, 5, true},
		{0, 5, 10, 5, true},
		{-1, -1, 10, 0, false},
		{4, 4, 0, 4, false},
		{4, 4, -1, 4, false},
	} {
		j := Job{Processors: c.had, AskedProcessors: c.asked, RunSeconds: c.run}
		if j.Size() != c.size || j.Ran() != c.ran {
			t.Errorf("%+v: size %d, ran %v", c, j.Size(), j.Ran())
		}
	}
}

func TestLinesThatAreFine(t *testing.T) {
	for name, text := range map[string]string{
		"no end of line":      strings.TrimSuffix(line, "\n"),
		"windows ends":        strings.ReplaceAll(line, "\n", "\r\n"),
		"tabs":                strings.ReplaceAll(line, " ", "\t"),
		"blank lines":         "\n \n" + line + "\n\t\n",
		"comments in between": "; a\n" + line + ";b",
		"comment with spaces": "   ; a: b\n" + line,
		"whole as a fraction": withField(4, "3477.0"),
		"several gzip members": string(append(zipped(t, "; Version: 2\n"),
			zipped(t, line)...)),
	} {
		log, err := Read(newReader(t, strings.NewReader(text)), true)
		if err != nil || len(log.Jobs) != 1 {
			t.Errorf("%s: %+v, %v", name, log, err)
		}
	}
}

func TestMalformedLinesAreNamed(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"1 2 3\n", "a.swf:2: 3 fields, want 18"},
		{strings.TrimSuffix(line, "\n") + " 7\n", "a.swf:2: 19 fields, want 18"},
		{withField(4, "x"), `a.swf:2: field 4 (run time): "x" is not a number`},
		{withField(4, "NaN"), `a.swf:2: field 4 (run time): "NaN" is not a number`},
		{withField(4, "Inf"), `a.swf:2: field 4 (run time): "Inf" is out of range`},
		{withField(4, "1.5"), `a.swf:2: field 4 (run time): "1.5" is not a whole number`},
		{withField(4, "-2"), `a.swf:2: field 4 (run time): "-2" is below -1`},
		{withField(2, "-1"), `a.swf:2: field 2 (submit time): "-1" is negative`},
		{withField(3, "9e9"), `a.swf:2: field 3 (wait time): "9e9" seconds is more than a ` +
			`hundred years`},
		{withField(5, "1e9"), `a.swf:2: field 5 (processors): "1e9" is more than a hundred ` +
			`million processors`},
		{withField(18, "1e13"), `a.swf:2: field 18 (think time): "1e13" is out of range`},
		{withField(6, "much"), `a.swf:2: field 6 (cpu time): "much" is not a number`},
		{withField(1, strings.Repeat("9", 99)), `a.swf:2: field 1 (job number): ` +
			`"999999999999999999999999"… is out of range`},
		{"\x00\xff\n", "a.swf:2: 1 fields, want 18"},
		{strings.Repeat("x", 70_000) + "\n", "a.swf:2: line is longer than 65,536 bytes"},
		{strings.Repeat("x", 200_000), "a.swf:2: line is longer than 65,536 bytes"},
	} {
		r := newReader(t, strings.NewReader("; first\n"+c.text))
		_, err := r.Next()
		bad, ok := errors.AsType[*LineError](err)
		if !ok || bad.Line != 2 || err.Error() != c.want {
			t.Errorf("got  %v\nwant %s", err, c.want)
		}
		if _, err := r.Next(); err != io.EOF {
			t.Errorf("%s: then %v, want io.EOF", c.want, err)
		}
	}
}

func TestStrictStopsAndTheDefaultSkips(t *testing.T) {
	text := line + strings.Repeat("bad\n", 7) + line
	_, err := Read(newReader(t, strings.NewReader(text)), true)
	if err == nil || err.Error() != "a.swf:2: 1 fields, want 18" {
		t.Errorf("strict: %v", err)
	}
	log, err := Read(newReader(t, strings.NewReader(text)), false)
	if err != nil || len(log.Jobs) != 2 || log.Malformed != 7 || len(log.Examples) != maxExamples {
		t.Errorf("lax: %+v, %v", log, err)
	}
}

func TestGzipByContentNotByName(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log.txt")
	if err := os.WriteFile(path, zipped(t, "; MaxProcs: 8\n"+line+line), 0o600); err != nil {
		t.Fatal(err)
	}
	log, err := ReadFile(path, true)
	if err != nil || len(log.Jobs) != 2 || log.Header.Processors() != 8 {
		t.Errorf("%+v, %v", log, err)
	}
}

func TestFilesThatCannotBeRead(t *testing.T) {
	dir := t.TempDir()
	whole := zipped(t, strings.Repeat(line, 5000))
	flipped := bytes.Clone(whole)
	flipped[len(flipped)-5] ^= 1 // in the checksum at the end
	for _, c := range []struct {
		name  string
		bytes []byte
		want  string
	}{
		{"cut.gz", whole[:len(whole)/2], "compressed file is cut short"},
		{"header.gz", whole[:5], "unexpected EOF"},
		{"flipped.gz", flipped, "gzip: invalid checksum"},
		{"magic.gz", []byte{0x1f, 0x8b, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, "gzip: invalid header"},
	} {
		path := filepath.Join(dir, c.name)
		if err := os.WriteFile(path, c.bytes, 0o600); err != nil {
			t.Fatal(err)
		}
		for _, strict := range []bool{false, true} {
			_, err := ReadFile(path, strict)
			if err == nil || !strings.Contains(err.Error(), c.want) ||
				!strings.HasPrefix(err.Error(), path+":") {
				t.Errorf("%s: got %v, want %s", c.name, err, c.want)
			}
		}
	}
	if _, err := ReadFile(filepath.Join(dir, "none"), false); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	if _, err := ReadFile(dir, false); err == nil || !strings.Contains(err.Error(), "directory") {
		t.Errorf("a directory: %v", err)
	}
}

func TestErrorsOfTheSourceEndTheReading(t *testing.T) {
	broken := errors.New("the disk is on fire")
	r := newReader(t, io.MultiReader(strings.NewReader(line+"15 5"), iotest.ErrReader(broken)))
	if _, err := r.Next(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		_, err := r.Next()
		if !errors.Is(err, broken) || !strings.HasPrefix(err.Error(), "a.swf:2:") {
			t.Errorf("got %v", err)
		}
	}
}

func TestHeader(t *testing.T) {
	text := `; Version: 2.2
;     MaxNodes: 70  (dual)
;UnixStartTime: 843480031
; Note: two words: and a colon
; see http://example.org: it is not a fact
;     http://example.org/ is none either
; MaxProcs: many
;
`
	log, err := Read(newReader(t, strings.NewReader(text+line)), true)
	if err != nil {
		t.Fatal(err)
	}
	h := log.Header
	if n := h.Processors(); n != 70 {
		t.Errorf("%d processors, want 70: MaxProcs is not a number", n)
	}
	want := time.Date(1996, 9, 23, 12, 0, 31, 0, time.UTC)
	if start, ok := h.Start(); !ok || !start.Equal(want) {
		t.Errorf("start %v, %v, want %v", start, ok, want)
	}
	if note, ok := h.Text("Note"); !ok || note != "two words: and a colon" {
		t.Errorf("note %q, %v", note, ok)
	}
	if len(h.Facts) != 5 {
		t.Errorf("facts: %q", h.Facts)
	}
	var none Header
	if _, ok := none.Start(); ok || none.Processors() != 0 {
		t.Error("an empty header has facts")
	}
}
