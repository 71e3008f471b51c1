package pool_test

import (
	"crypto/sha256"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/quotasched/quotasched/pool"
	"github.com/quotasched/quotasched/protos"
)

func TestDigestIsThatOfTheBytes(t *testing.T) {
	m := &protos.Outcome{Error: "ü \"quoted\""}
	bytes, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	require.NoError(t, err)
	require.Equal(t, sha256.Sum256(bytes), pool.Digest(m))
}

// Messages that cannot be marshalled have the same digest if they are equal, and only then.
func TestDigestTellsInvalidTextsApart(t *testing.T) {
	limits := func(keys ...string) proto.Message {
		c := &protos.AccountConfig{PerLabelTaskLimits: map[string]int64{}}
		for i, key := range keys {
			c.PerLabelTaskLimits[key] = int64(i)
		}
		return &protos.Account{Config: c}
	}
	messages := []proto.Message{
		&protos.Outcome{},
		&protos.Outcome{Error: "\xff"},
		&protos.Outcome{Error: "\xfe"},
		&protos.Outcome{Error: "\uFFFD"},
		&protos.Outcome{Error: `\xff`},
		&protos.Outcome{Error: `"\xff"`},
		&protos.Outcome{Error: "\xff", Result: &protos.Result{}},
		&protos.RequestContent{Tags: []string{"\xff"}},
		&protos.RequestContent{Tags: []string{"", "\xff"}},
		&protos.RequestContent{Tags: []string{"\xff", ""}},
		&protos.Request{Id: "a", Content: &protos.RequestContent{Tags: []string{"\xff"}}},
		limits("\xff", "b"), limits("b", "\xff"), limits("\xfe", "b"),
	}
	digests := map[[sha256.Size]byte]int{}
	for i, m := range messages {
		before := proto.Clone(m)
		digest := pool.Digest(m)
		require.Equal(t, digest, pool.Digest(proto.Clone(m)))
		require.True(t, proto.Equal(before, m), "message %d has changed", i)
		require.NotContains(t, digests, digest, "message %d", i)
		digests[digest] = i
	}
}
