package main

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/dispatcher/client"
	"github.com/quotasched/quotasched/internal/words"
)

// call does something with a client of the server that is named.
func (a *app) call(ctx context.Context, do func(context.Context, *client.Client) error) error {
	c, err := a.dial()
	if err != nil {
		return err
	}
	defer c.Close()
	return do(ctx, c)
}

// cells are the cells of a row: numbers as people read them.
func cells(values ...any) []any {
	for i, v := range values {
		switch v := v.(type) {
		case int64:
			values[i] = words.Number(v)
		case int32:
			values[i] = words.Number(v)
		case time.Duration:
			values[i] = words.Duration(v)
		}
	}
	return values
}

// timeText writes a time; a dash if it is not set.
func timeText(t *timestamppb.Timestamp) string {
	if t == nil {
		return "–"
	}
	return t.AsTime().UTC().Format("2006-01-02 15:04:05Z")
}

// levelText writes a level, of which 5 is the free bucket.
func levelText(level int32) string {
	if level >= levels {
		return "free"
	}
	return fmt.Sprintf("p%d", level)
}

// since is how long ago something was. The server's time may be a little ahead of this machine's.
func since(t *timestamppb.Timestamp) time.Duration {
	return max(0, time.Since(t.AsTime()))
}
