package state

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/protos/replica"
)

// TestScripts runs testdata/*.txt as they stand, and again with a snapshot and back after each
// stanza. A stanza is an entry with one command; its output is the outcome, the events, and the
// orders of the workers that it touched. +=DURATION lets time go on before it, and by=NAME
// request=ID say who asks. T1 is the first task.
//
//	create [external] [ttl= accept= disconnect= live= per-account= payload= ended= workers= expire=]
//	configure [the same]
//	account NAME [p0= … p4= balance= fanout=]   delete-account|suspend|resume|reset NAME
//	submit [account= base= prov= key= attempts= retry= continue payload= n=]
//	cancel T1 …
//	report W [slots= boot= instance= seq= labels= epoch= refuse=WHY] [T1/1@SLOT=PHASE[:exit|signal|timeout|permanent[,ran,saved]]] …
//	silent W [seq=]   confirm   tick   wipe   delete [force]   rules N   panic
//	cordon|uncordon W   direct W NONE|DRAIN|EXIT|UPGRADE
//	external waiting|absent R | running R W | pull W | wipe - [late=DURATION]
//	task T1   list   workers   why T1   pool
func TestScripts(t *testing.T) {
	for name, restore := range map[string]bool{"plain": false, "restored": true} {
		t.Run(name, func(t *testing.T) {
			datadriven.Walk(t, filepath.Join("testdata", "scripts"), func(t *testing.T, path string) {
				s := &script{t: t, restore: restore, at: start, reports: map[string]*dispatch.Report{}}
				s.m = New(WithFault(s.fault))
				datadriven.RunTest(t, path, s.run)
			})
		})
	}
}

type script struct {
	t       *testing.T
	m       *Machine
	restore bool
	at      time.Time
	index   uint64
	tasks   int
	reports map[string]*dispatch.Report
	panics  bool
}

func (s *script) fault(string, *protos.Operation) {
	if s.panics {
		panic("planted")
	}
}

func (s *script) run(t *testing.T, d *datadriven.TestData) string {
	s.t = t
	if after := s.text(d, "+", ""); after != "" {
		step, err := time.ParseDuration(after)
		require.NoError(t, err)
		s.at = s.at.Add(step)
	}
	out := s.ask(d)
	if c := s.command(d); c != nil {
		c.Identity, c.RequestId = s.text(d, "by", ""), s.text(d, "request", "")
		out = s.apply(c)
	}
	s.panics = d.Cmd == "panic"
	if s.restore {
		m, err := again(s.m, WithFault(s.fault))
		require.NoError(t, err)
		s.m = m
	}
	return shorten(out)
}

func (s *script) apply(c *replica.Command) string {
	s.index++
	got, err := s.m.Apply(s.index, &replica.Entry{RuleVersion: 1, Time: timestamppb.New(s.at),
		Commands: []*replica.Command{c}})
	if err != nil {
		return "halt: " + err.Error() + "\n"
	}
	require.NoError(s.t, checkInvariants(s.m))
	var out strings.Builder
	o := got.Outcome.GetCommands()[0]
	if o.GetCode() != 0 {
		fmt.Fprintf(&out, "code %d: %s\n", o.GetCode(), o.GetError())
	}
	if ids := o.GetSubmitTasks().GetIds(); ids != nil {
		fmt.Fprintln(&out, "ids", strings.Join(ids, " "))
	}
	for _, a := range o.GetExternal().GetAssignments() {
		fmt.Fprintln(&out, "assigned", a.GetRequestId(), "to", a.GetWorkerId())
	}
	for _, e := range got.Outcome.GetEvents() {
		fmt.Fprintln(&out, eventText(e))
	}
	for _, key := range got.Touched {
		fmt.Fprintln(&out, s.ordersText(key))
	}
	return out.String()
}

var longTask = regexp.MustCompile(`01JGK3V6T0(\d{16})`)
