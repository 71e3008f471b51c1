package client

import (
	"context"
	"io"
	"time"

	"connectrpc.com/connect"

	"github.com/quotasched/quotasched/protos/dispatch"
)

// ExportJournal writes the journal of a pool, as the server that is asked has kept it: a file that
// qsim reads.
func (c *Client) ExportJournal(ctx context.Context, pool string, to io.Writer) error {
	return download(ctx, to, func() (stream[dispatch.ExportJournalResponse], error) {
		return c.View.ExportJournal(ctx, connect.NewRequest(&dispatch.ExportJournalRequest{Pool: pool}))
	}, (*dispatch.ExportJournalResponse).GetBytes)
}

// Backup writes the whole state of a cluster.
func (c *Client) Backup(ctx context.Context, to io.Writer) error {
	return download(ctx, to, func() (stream[dispatch.BackupResponse], error) {
		return c.Cluster.Backup(ctx, connect.NewRequest(&dispatch.BackupRequest{}))
	}, (*dispatch.BackupResponse).GetBytes)
}

// A stream has a file, piece by piece.
type stream[M any] interface {
	Receive() bool
	Msg() *M
	Err() error
	Close() error
}

// triesMax is how often the first piece of a file is asked for, or a file is sent.
const triesMax = 10

// download writes what a stream has. While nothing has come, it asks again: another server may
// lead.
func download[M any](ctx context.Context, to io.Writer, open func() (stream[M], error),
	bytes func(*M) []byte) error {
	return tries(ctx, func() (again bool, err error) {
		s, err := open()
		if err != nil {
			return true, err
		}
		defer s.Close() // what it could say is in Err
		again = true
		for s.Receive() {
			again = false
			if _, err := to.Write(bytes(s.Msg())); err != nil {
				return false, err
			}
		}
		return again, s.Err()
	})
}

// sendBytes is how much of a file a message has.
const sendBytes = 256 << 10

// Restore sends a backup to a cluster that has no pools, which begins with it.
func (c *Client) Restore(ctx context.Context, from io.ReadSeeker) (answer *dispatch.RestoreResponse,
	err error) {
	err = tries(ctx, func() (bool, error) {
		if _, err := from.Seek(0, io.SeekStart); err != nil {
			return false, err
		}
		s := c.Cluster.Restore(ctx)
		piece := make([]byte, sendBytes)
		for {
			n, err := io.ReadFull(from, piece)
			if n > 0 && s.Send(&dispatch.RestoreRequest{Bytes: piece[:n]}) != nil {
				break // the answer says why
			}
			if err == io.EOF || err == io.ErrUnexpectedEOF {
				break
			}
			if err != nil {
				return false, err
			}
		}
		r, err := s.CloseAndReceive()
		if err == nil {
			answer = r.Msg
		}
		return true, err
	})
	return answer, err
}

// tries calls f until it succeeds, or says that it is not to be called again, or its error is not
// that a server is not available.
func tries(ctx context.Context, f func() (again bool, err error)) error {
	for n := 0; ; n++ {
		again, err := f()
		if err == nil || !again || n == triesMax || connect.CodeOf(err) != connect.CodeUnavailable {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause(n)):
		}
	}
}
