package script

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode"

	"google.golang.org/protobuf/proto"

	"github.com/quotasched/quotasched/internal/reference"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/reconciler"
	"github.com/quotasched/quotasched/scheduler"
)

// pool is one scheduler, and for that layer the reconciler over it, with what the last command
// printed.
type pool struct {
	layer       Layer
	byMethods   bool // whether a reconciler is driven by its methods, not by operations
	onReference bool // whether the pool is one of package reference
	s           reference.Machine
	r           *reconciler.State // nil for a scheduler alone, and on the reference
	naive       *reference.Pool   // on the reference, unless for a scheduler alone

	at         time.Time // the stanza's instant
	fullEvents bool
	saved      map[string][sha256.Size]byte
	out        strings.Builder
	said       strings.Builder // the part of out that is neither an error nor a log message
	failed     bool            // whether the last command ended in an error
}

func newPool(layer Layer) *pool {
	return started(&pool{layer: layer})
}

// newReference returns a pool of package reference.
func newReference(layer Layer) *pool {
	return started(&pool{layer: layer, onReference: true})
}

func started(p *pool) *pool {
	p.saved = map[string][sha256.Size]byte{}
	if err := p.start(epoch, &scheduler.Config{}, 0); err != nil {
		panic(fmt.Sprintf("an empty pool is refused: %v", err))
	}
	return p
}

// errScript is a script that makes no sense. It fails the test, while all other errors are output.
var errScript = errors.New("script")

func scriptError(format string, args ...any) error {
	return fmt.Errorf("%w: %s", errScript, fmt.Sprintf(format, args...))
}

// run runs one command. The output is in p.out.
func (p *pool) run(t *testing.T, pos, line string) {
	t.Helper()
	p.out.Reset()
	p.said.Reset()
	c, err := parseCommand(line)
	if err != nil {
		t.Fatalf("%s: %q: %v", pos, line, err)
	}
	do := commands[c.name]
	if do == nil {
		do = layerCommands[p.layer][c.name]
	}
	if do == nil {
		t.Fatalf("%s: %q: no such command here", pos, line)
	}
	before := p.hash()
	err = do(p, c)
	if err == nil {
		err = c.checkUsed()
	}
	if errors.Is(err, errScript) {
		t.Fatalf("%s: %q: %v", pos, line, err)
	}
	p.failed = err != nil
	if !p.failed {
		return
	}
	if p.hash() != before {
		t.Fatalf("%s: %q: changed the state, and ended in an error: %v", pos, line, err)
	}
	p.note("error: %s", errorText(err))
}

// errorText is an error's text without the spaces that the protobuf library varies from build to
// build, so that nobody relies on its texts.
func errorText(err error) string {
	return strings.Join(strings.FieldsFunc(err.Error(), unicode.IsSpace), " ")
}

func (p *pool) printf(format string, args ...any) {
	p.note(format, args...)
	fmt.Fprintf(&p.said, format+"\n", args...)
}

// note prints the text of an error or a log message, which the reference words in another way.
func (p *pool) note(format string, args ...any) {
	fmt.Fprintf(&p.out, format+"\n", args...)
}

// AddEvent prints an event: a pool is the sink of its own events.
func (p *pool) AddEvent(e *protos.TaskEvent) {
	if p.fullEvents {
		p.printf("%s", fullEvent(e))
		return
	}
	p.printf("%s", shortEvent(e, p.at))
}

// context returns a context whose logger prints.
func (p *pool) context() context.Context {
	return withPrinter(context.Background(), p)
}

func (p *pool) toProto() *protos.Pool {
	return &protos.Pool{Scheduler: p.s.ToProto(), Reconciler: p.reconcilerProto()}
}

func (p *pool) toBytes() []byte {
	b, err := proto.MarshalOptions{Deterministic: true}.Marshal(p.toProto())
	if err != nil {
		panic(fmt.Sprintf("a snapshot cannot be marshalled: %v", err))
	}
	return b
}

// hash is that of the canonical snapshot of scheduler and reconciler.
func (p *pool) hash() [sha256.Size]byte {
	return sha256.Sum256(p.toBytes())
}

// text returns the snapshot as text, the same for the same state.
func (p *pool) text() string {
	return formatMessage(p.toProto())
}

// restore replaces the pool by what its bytes say.
func (p *pool) restore(t *testing.T, what string) {
	t.Helper()
	var m protos.Pool
	if err := proto.Unmarshal(p.toBytes(), &m); err != nil {
		t.Fatalf("%s: the snapshot cannot be read: %v", what, err)
	}
	if err := p.restoreFrom(&m); err != nil {
		t.Fatalf("%s: the snapshot is refused: %v\n%s", what, err, p.text())
	}
}

func (p *pool) restoreFrom(m *protos.Pool) error {
	s, err := scheduler.Restore(m.GetScheduler())
	if err != nil {
		return err
	}
	if p.layer == Reconciler {
		r, err := reconciler.Restore(m.GetReconciler())
		if err != nil {
			return err
		}
		p.r = r
	}
	p.s = s
	return nil
}
