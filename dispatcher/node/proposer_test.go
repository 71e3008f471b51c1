package node

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/quotasched/quotasched/dispatcher/log"
	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/protos/replica"
)

// A slowLog takes a second for each entry, and keeps them.
type slowLog struct {
	log.Log
	mu      sync.Mutex
	entries []*replica.Entry
	err     error
}

func (l *slowLog) Begin(ctx context.Context, b []byte) func() (uint64, any, error) {
	e := &replica.Entry{}
	err := proto.Unmarshal(b, e)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		err = l.err
	}
	if err == nil {
		l.entries = append(l.entries, e)
	}
	index := uint64(len(l.entries))
	out := &replica.Outcome{}
	for _, c := range e.GetCommands() {
		out.Commands = append(out.Commands, &replica.CommandOutcome{Error: c.GetRequestId()})
	}
	return func() (uint64, any, error) {
		select {
		case <-ctx.Done():
			return 0, nil, log.ErrUnknown
		case <-time.After(time.Second):
		}
		return index, out, err
	}
}

func command(id string) *replica.Command { return &replica.Command{RequestId: id} }

// startProposer returns a proposer that runs until the test ends or stop is called.
func startProposer(t *testing.T, l log.Log) (p *proposer, stop func()) {
	p = newProposer(l, func(cs []*replica.Command) (*replica.Entry, error) {
		return &replica.Entry{Commands: cs}, nil
	}, func(Batch) {})
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { p.run(ctx) })
	stop = func() { cancel(); running.Wait() }
	t.Cleanup(stop)
	return p, stop
}

func TestCommandsThatWaitShareAnEntry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &slowLog{}
		p, stop := startProposer(t, l)
		begin := time.Now()
		var callers sync.WaitGroup
		for i := range 101 {
			callers.Go(func() {
				id := fmt.Sprint(i)
				r, err := p.propose(context.Background(), command(id))
				require.NoError(t, err)
				require.Equal(t, id, r.outcome.GetError(), "everybody gets their own outcome")
			})
			synctest.Wait() // so that the first one leaves alone
		}
		callers.Wait()
		require.Equal(t, 2*time.Second, time.Since(begin))
		require.Len(t, l.entries, 2)
		require.Len(t, l.entries[1].GetCommands(), 100)
		stop()
	})
}

func TestACallerWhoLeavesTakesNobodyAlong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &slowLog{}
		p, stop := startProposer(t, l)
		ctx, cancel := context.WithCancel(context.Background())
		var callers sync.WaitGroup
		errs := make([]error, 3)
		for i := range 3 {
			callers.Go(func() {
				caller := ctx
				if i == 2 {
					caller = context.Background()
				}
				_, errs[i] = p.propose(caller, command(fmt.Sprint(i)))
			})
			synctest.Wait()
		}
		cancel() // 0 is on its way, 1 and 2 wait
		callers.Wait()
		require.ErrorIs(t, errs[0], ErrUnknown)
		require.ErrorIs(t, errs[0], context.Canceled)
		require.ErrorIs(t, errs[1], ErrUnknown)
		require.NoError(t, errs[2])
		require.Len(t, l.entries, 2)
		require.Equal(t, "0", l.entries[0].GetCommands()[0].GetRequestId())
		require.Len(t, l.entries[1].GetCommands(), 1, "what nobody waits for is not proposed")
		stop()
	})
}

func TestErrorsOfTheLogSayWhatIsKnown(t *testing.T) {
	for _, c := range []struct{ log, want error }{
		{log.ErrNotLeader, ErrNotLeader},
		{log.ErrUnknown, ErrUnknown},
		{errors.New("disk full"), ErrUnknown},
	} {
		synctest.Test(t, func(t *testing.T) {
			p, stop := startProposer(t, &slowLog{err: c.log})
			_, err := p.propose(context.Background(), command("1"))
			require.ErrorIs(t, err, c.want)
			require.ErrorIs(t, err, c.log)
			stop()
			_, err = p.propose(context.Background(), command("2"))
			require.ErrorIs(t, err, ErrNotLeader, "a proposer that has ended takes nothing")
		})
	}
}

func TestQueueIsBounded(t *testing.T) {
	p := newProposer(&slowLog{}, nil, nil)
	for range queueCommandsMax {
		require.NoError(t, p.enqueue(&proposal{ctx: context.Background(), bytes: make([]byte, 1)}))
	}
	err := p.enqueue(&proposal{bytes: make([]byte, 1)})
	require.ErrorIs(t, err, ErrOverloaded)
	require.ErrorContains(t, err, "16384")

	p = newProposer(&slowLog{}, nil, nil)
	require.NoError(t, p.enqueue(&proposal{ctx: context.Background(),
		bytes: make([]byte, queueBytesMax-1)}))
	require.ErrorIs(t, p.enqueue(&proposal{bytes: make([]byte, 2)}), ErrOverloaded)
}

func TestEntriesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &slowLog{}
		p, stop := startProposer(t, l)
		big := func(n int) *replica.Command {
			return &replica.Command{Kind: &replica.Command_SubmitTasks{SubmitTasks: &replica.SubmitTasks{
				Request: &dispatch.SubmitTasksRequest{Pool: string(make([]byte, n))}}}}
		}
		var callers sync.WaitGroup
		for _, n := range []int{1, 700_000, 700_000, 3 << 20, 10} {
			callers.Go(func() {
				_, err := p.propose(context.Background(), big(n))
				require.NoError(t, err)
			})
			synctest.Wait()
		}
		callers.Wait()
		var sizes []int
		for _, e := range l.entries {
			sizes = append(sizes, len(e.GetCommands()))
		}
		require.Equal(t, []int{1, 1, 1, 1, 1}, sizes)
		stop()
	})
}

// TestAnEntryLeavesBesideAnotherIfThereIsMuchForIt is about commands that come while an entry with a small
// one is on its way.
func TestAnEntryLeavesBesideAnotherIfThereIsMuchForIt(t *testing.T) {
	for _, c := range []struct {
		name    string
		size    int   // of each command
		entries []int // their commands
		took    time.Duration
	}{
		{"small ones share an entry", 100, []int{1, 5}, 2 * time.Second},
		{"another one leaves with enough", 6_000, []int{1, 3, 2}, 2 * time.Second},
		{"there is no fourth one", 20_000, []int{1, 1, 1, 3}, 2 * time.Second},
		{"all have no more bytes than one", 600_000, []int{1, 1, 1, 1, 1, 1}, 5 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			l := &slowLog{}
			p, stop := startProposer(t, l)
			begin := time.Now()
			var callers sync.WaitGroup
			for i, size := range []int{1, c.size, c.size, c.size, c.size, c.size} {
				callers.Go(func() {
					id := fmt.Sprint(i)
					r, err := p.propose(context.Background(), &replica.Command{RequestId: id,
						Identity: string(make([]byte, size))})
					require.NoError(t, err)
					require.Equal(t, id, r.outcome.GetError(), "everybody gets their own outcome")
				})
				synctest.Wait()
			}
			callers.Wait()
			require.Equal(t, c.took, time.Since(begin), c.name)
			var sizes []int
			var order []string
			for _, e := range l.entries {
				sizes = append(sizes, len(e.GetCommands()))
				for _, c := range e.GetCommands() {
					order = append(order, c.GetRequestId())
				}
			}
			require.Equal(t, c.entries, sizes, c.name)
			require.Equal(t, []string{"0", "1", "2", "3", "4", "5"}, order, c.name)
			stop()
		})
	}
}
