package api

import (
	"context"
	"io"

	"connectrpc.com/connect"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/protos/dispatch"
)

// Journals are what this node has kept of what its pools were told.
type Journals interface {
	// Export writes the journal of a pool, compressed.
	Export(ctx context.Context, pool string, to io.Writer) error
	// Forecast says when a task that waits will start and be complete, by what the journal tells of
	// the past, and the same in words.
	Forecast(ctx context.Context, pool, id string) (*protos.Forecast, string, error)
}

// ExportJournal implements ViewService. Each node answers from its own files.
func (s view) ExportJournal(ctx context.Context, r *connect.Request[dispatch.ExportJournalRequest],
	stream *connect.ServerStream[dispatch.ExportJournalResponse]) error {
	if err := s.knows(ctx, r.Msg.GetPool()); err != nil {
		return err
	}
	return s.journals.Export(ctx, r.Msg.GetPool(), pieces(func(b []byte) error {
		return within(ctx, func() error {
			return stream.Send(&dispatch.ExportJournalResponse{Bytes: b})
		})
	}))
}

// ForecastTask implements ViewService. Each node answers from its own files.
func (s view) ForecastTask(ctx context.Context, r *connect.Request[dispatch.ForecastTaskRequest]) (
	*connect.Response[dispatch.ForecastTaskResponse], error) {
	if err := s.knows(ctx, r.Msg.GetPool()); err != nil {
		return nil, err
	}
	answer, text, err := s.journals.Forecast(ctx, r.Msg.GetPool(), r.Msg.GetId())
	if err != nil {
		return nil, err
	}
	return connect.NewResponse(&dispatch.ForecastTaskResponse{Forecast: answer, Text: text}), nil
}

// Backup implements ClusterService.
func (s cluster) Backup(ctx context.Context, _ *connect.Request[dispatch.BackupRequest],
	stream *connect.ServerStream[dispatch.BackupResponse]) error {
	return s.node.Backup(ctx, pieces(func(b []byte) error {
		return within(ctx, func() error { return stream.Send(&dispatch.BackupResponse{Bytes: b}) })
	}))
}

// Restore implements ClusterService.
func (s cluster) Restore(ctx context.Context,
	stream *connect.ClientStream[dispatch.RestoreRequest]) (
	*connect.Response[dispatch.RestoreResponse], error) {
	if !stream.Receive() { // only with a message it is known whether the caller may do this
		if err := stream.Err(); err != nil {
			return nil, err
		}
		return nil, invalid("bytes: there are none")
	}
	answer, err := s.node.Restore(ctx, &received{stream: stream, rest: stream.Msg().GetBytes()})
	if err != nil {
		return nil, err
	}
	return connect.NewResponse(answer), nil
}

// pieceBytes is how much a message of a file has at most.
const pieceBytes = 256 << 10

// pieces send a file, piece by piece.
type pieces func([]byte) error

// Write implements io.Writer.
func (send pieces) Write(b []byte) (int, error) {
	for sent := 0; sent < len(b); sent += pieceBytes {
		if err := send(b[sent:min(len(b), sent+pieceBytes)]); err != nil {
			return sent, err
		}
	}
	return len(b), nil
}

// received is a file that comes piece by piece.
type received struct {
	stream *connect.ClientStream[dispatch.RestoreRequest]
	rest   []byte
}

// Read implements io.Reader.
func (r *received) Read(b []byte) (int, error) {
	for len(r.rest) == 0 {
		if !r.stream.Receive() {
			if err := r.stream.Err(); err != nil {
				return 0, err
			}
			return 0, io.EOF
		}
		r.rest = r.stream.Msg().GetBytes()
	}
	n := copy(b, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}
