package replay

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/protos"
)

// A Difference is the first step of a journal that came out in another way when it was run again.
type Difference struct {
	// Number is the step's, from 1 on.
	Number uint64
	// Operation is what the pool was told.
	Operation *protos.Operation
	// State is true if the outcome is the same and the state after it is another one.
	State bool
	// ExpectedHash is the hash in the journal, of the outcome or the state, and GotHash that of the
	// replay.
	ExpectedHash, GotHash []byte
	// Expected is the outcome in the journal; nil if that has only its hash.
	Expected *protos.Outcome
	// Got is the outcome in the replay.
	Got *protos.Outcome
}

// String says for people what differs, on a few lines.
func (d *Difference) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "operation %s at %s: %s\n", words.Number(d.Number),
		d.Operation.GetTime().AsTime().Format(time.RFC3339Nano), jsonOf(d.Operation))
	switch {
	case d.State:
		fmt.Fprintf(&b, "its outcome is the same, but the state after it is not\n"+
			"expected: a state with the hash %x\n     got: %x\n", d.ExpectedHash, d.GotHash)
	case d.Expected == nil:
		fmt.Fprintf(&b, "expected: an outcome with the hash %x; the journal does not have the outcome\n"+
			"     got: %x, of %s\n", d.ExpectedHash, d.GotHash, jsonOf(d.Got))
	default:
		what, expected, got := firstPart(d.Expected, d.Got)
		fmt.Fprintf(&b, "%s differs\nexpected: %s\n     got: %s\n", what, expected, got)
	}
	return b.String()
}

// firstPart returns the first part in which two outcomes differ, and what each has there.
func firstPart(expected, got *protos.Outcome) (what, e, g string) {
	if expected.GetError() != got.GetError() {
		return "the error", orNone(expected.GetError()), orNone(got.GetError())
	}
	for _, list := range []struct {
		name          string
		expected, got []proto.Message
	}{
		{"assignment", messages(expected.GetResult().GetAssignments()),
			messages(got.GetResult().GetAssignments())},
		{"cancellation", messages(expected.GetResult().GetCancellations()),
			messages(got.GetResult().GetCancellations())},
		{"event", messages(expected.GetEvents()), messages(got.GetEvents())},
	} {
		for i := range max(len(list.expected), len(list.got)) {
			what := list.name + " " + words.Number(i+1)
			switch {
			case i >= len(list.expected):
				return what, orNone(""), jsonOf(list.got[i])
			case i >= len(list.got):
				return what, jsonOf(list.expected[i]), orNone("")
			case !proto.Equal(list.expected[i], list.got[i]):
				return what, jsonOf(list.expected[i]), jsonOf(list.got[i])
			}
		}
	}
	return "the outcome", jsonOf(expected), jsonOf(got)
}

func messages[M proto.Message](list []M) []proto.Message {
	all := make([]proto.Message, len(list))
	for i, m := range list {
		all[i] = m
	}
	return all
}

func orNone(text string) string {
	if text == "" {
		return "none"
	}
	return text
}

// jsonOf returns a message as JSON on one line, the same each time.
func jsonOf(m proto.Message) string {
	text, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(m)
	if err != nil {
		return fmt.Sprintf("(it cannot be written: %v)", err)
	}
	var b bytes.Buffer
	if err := json.Compact(&b, text); err != nil { // protojson varies its spaces on purpose
		return string(text)
	}
	return b.String()
}
