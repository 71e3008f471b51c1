package trace

import (
	"bufio"
	"fmt"
	"io"

	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/simulator/internal/swf"
)

// lines reads a text line by line, of bounded length.
type lines struct {
	file *file
	// number is that of the line read last, from 1.
	number int
}

// next returns a line, which is valid until the next one is read. One that is too long is a
// *swf.LineError, and next goes on behind it.
func (l *lines) next() ([]byte, error) {
	l.number++
	text, err := l.file.in.ReadSlice('\n')
	if err == bufio.ErrBufferFull {
		for err == bufio.ErrBufferFull {
			_, err = l.file.in.ReadSlice('\n')
		}
		if err == nil || err == io.EOF {
			return nil, l.malformed(fmt.Errorf("line is longer than %s bytes",
				words.Number(maxLineBytes)))
		}
	}
	switch {
	case err == nil || err == io.EOF && len(text) > 0:
		return text, nil
	case err == io.EOF:
		return nil, io.EOF
	}
	return nil, l.file.failed(l.number, err)
}

// malformed says what is wrong with the line that was read last.
func (l *lines) malformed(err error) error {
	return &swf.LineError{File: l.file.name, Line: l.number, Err: err}
}
