package node

import (
	"cmp"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/dispatcher/state"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/protos/replica"
)

// Hooks let tests of whole processes plant faults. The zero value plants none.
type Hooks struct {
	// DivergeAt makes this replica apply the first entry from this index on with another time.
	DivergeAt uint64
	// PanicPool names a pool in which a task with the tag "panic" panics.
	PanicPool string
	// ClockOffsetFile names a file with a duration that the wall clock is off by.
	ClockOffsetFile string
	// Rules is the newest rule version that this node says it knows; 0 means what it does know.
	Rules uint32
}

// HooksFromEnvironment returns those that the environment asks for.
func HooksFromEnvironment() Hooks {
	at, err := strconv.ParseUint(os.Getenv("QSCHED_TEST_DIVERGE_AT"), 10, 64)
	if err != nil {
		at = 0
	}
	rules, err := strconv.ParseUint(os.Getenv("QSCHED_TEST_RULES"), 10, 32)
	if err != nil {
		rules = 0
	}
	return Hooks{
		Rules:           uint32(rules),
		DivergeAt:       at,
		PanicPool:       os.Getenv("QSCHED_TEST_PANIC_POOL"),
		ClockOffsetFile: os.Getenv("QSCHED_TEST_CLOCK_OFFSET_FILE"),
	}
}

// tamper changes an entry if this replica shall diverge there.
func (h Hooks) tamper(before, index uint64, entry []byte) ([]byte, error) {
	if h.DivergeAt == 0 || before >= h.DivergeAt || index < h.DivergeAt {
		return entry, nil
	}
	e := &replica.Entry{}
	if err := proto.Unmarshal(entry, e); err != nil {
		return nil, err
	}
	e.Time = timestamppb.New(e.GetTime().AsTime().Add(time.Millisecond))
	return proto.Marshal(e)
}

// options are those of the state.
func (h Hooks) options() []state.Option {
	options := []state.Option{state.WithRules(h.rules())}
	if h.PanicPool != "" {
		options = append(options, state.WithFault(func(pool string, op *protos.Operation) {
			if pool == h.PanicPool && slices.Contains(op.GetTaskWaiting().GetTags(), "panic") {
				panic("planted by a test")
			}
		}))
	}
	return options
}

// rules is the newest rule version that is known.
func (h Hooks) rules() uint32 { return cmp.Or(h.Rules, state.RuleVersion) }

// wall is the wall clock.
func (h Hooks) wall() time.Time {
	now := time.Now()
	if h.ClockOffsetFile == "" {
		return now
	}
	text, err := os.ReadFile(h.ClockOffsetFile)
	if err != nil {
		return now
	}
	offset, err := time.ParseDuration(strings.TrimSpace(string(text)))
	if err != nil {
		return now
	}
	return now.Add(offset)
}
