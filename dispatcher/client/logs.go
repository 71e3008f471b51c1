package client

import (
	"context"
	"errors"
	"iter"

	"connectrpc.com/connect"

	"github.com/quotasched/quotasched/protos/dispatch"
)

// ReadLog yields what a request asks for of what a task wrote. It goes on after a break where it
// was. A part without data says that a later attempt has begun, or that bytes are missing.
func (c *Client) ReadLog(ctx context.Context,
	r *dispatch.ReadLogRequest) iter.Seq2[*dispatch.ReadLogResponse, error] {
	return func(yield func(*dispatch.ReadLogResponse, error) bool) {
		resume := resumption{ctx: ctx}
		for lease := ""; ; {
			err := c.readLogOnce(ctx, r, func(p *dispatch.ReadLogResponse) error {
				resume.heard()
				if lease != "" && p.LeaseId != lease && p.Offset > 0 && r.Offset > 0 {
					r.Offset, lease = 0, p.LeaseId // the offset was another attempt's
					return errAgain
				}
				next := p.Offset + int64(len(p.Data))
				if p.LeaseId == lease && len(p.Data) == 0 && p.Missing == 0 {
					return nil
				}
				r.Offset, r.TailBytes, lease = next, 0, p.LeaseId
				if !yield(p, nil) {
					return errEnough
				}
				return nil
			})
			switch {
			case err == nil || errors.Is(err, errEnough):
				return
			case errors.Is(err, errAgain):
				continue
			}
			if err = resume.wait(err); err != nil {
				yield(nil, err)
				return
			}
		}
	}
}

// errAgain says that a log is to be read from another place.
var errAgain = errors.New("read again")

func (c *Client) readLogOnce(ctx context.Context, r *dispatch.ReadLogRequest,
	take func(*dispatch.ReadLogResponse) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := c.Tasks.ReadLog(ctx, connect.NewRequest(r))
	if err != nil {
		return err
	}
	defer stream.Close()
	for stream.Receive() {
		if err := take(stream.Msg()); err != nil {
			return err
		}
	}
	return stream.Err()
}
