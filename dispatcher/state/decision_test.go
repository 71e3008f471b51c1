package state

import (
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/quotasched/quotasched/internal/scramble"
	"github.com/quotasched/quotasched/protos"
)

// An event that is told of a pool has all fields of the scheduler's, those to come included, and
// shares no memory with it.
func TestAnEventOfAPoolIsACopy(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	fields := map[protoreflect.FullName]bool{}
	d := decisions{}
	for range 2_000 {
		e := &protos.TaskEvent{}
		scramble.Message(r, e.ProtoReflect(), fields)
		want := proto.CloneOf(e)
		want.Pool = "lab"
		got := d.of(e, "lab")
		scramble.Everything(e)
		require.Empty(t, cmp.Diff(want, &got.scheduler, protocmp.Transform()))
		require.Same(t, &got.scheduler, got.event.GetScheduler())
	}
	require.Greater(t, len(fields), 40, "the messages have fields")
}
