package pool_test

import (
	"context"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/pool"
	"github.com/quotasched/quotasched/reconciler"
	"github.com/quotasched/quotasched/scheduler"
)

// Who forgets to make a scheduler, a state or a pool is told so by any method that is called.
func TestMethodsOfWhatNobodyMadePanic(t *testing.T) {
	for _, c := range []struct {
		receiver any
		message  string
	}{
		{(*scheduler.Scheduler)(nil), "make one with New, NewWithConfig or Restore"},
		{&scheduler.Scheduler{}, "make one with New, NewWithConfig or Restore"},
		{(*reconciler.State)(nil), "make one with New or Restore"},
		{&reconciler.State{}, "make one with New or Restore"},
		{(*pool.Pool)(nil), "make one with New, Restore or RestoreBytes"},
		{&pool.Pool{}, "make one with New, Restore or RestoreBytes"},
	} {
		v := reflect.ValueOf(c.receiver)
		require.NotZero(t, v.NumMethod())
		for i := range v.NumMethod() {
			name := v.Type().String() + "." + v.Type().Method(i).Name
			require.Contains(t, panicOf(t, name, v.Method(i)), c.message, name)
		}
	}
}

// A nil context is found at every call, not only at the one that has something to log.
func TestNilContextPanics(t *testing.T) {
	p := busy(t)
	calls := 0
	for _, receiver := range []any{p, p.Reconciler()} {
		v := reflect.ValueOf(receiver)
		for i := range v.NumMethod() {
			m := v.Method(i)
			if m.Type().NumIn() == 0 || m.Type().In(0) != reflect.TypeFor[context.Context]() {
				continue
			}
			calls++
			name := v.Type().String() + "." + v.Type().Method(i).Name
			require.Contains(t, panicOf(t, name, m), "a nil context", name)
		}
	}
	require.Equal(t, 10, calls)
}

// The functions that run operations say the same as methods.
func TestApplyNeedsAllItWorksOn(t *testing.T) {
	apply := func(ctx context.Context, state *reconciler.State, s *scheduler.Scheduler) func() {
		return func() {
			_, _ = reconciler.Apply(ctx, state, s, pool.AssignTasks(start), nil)
		}
	}
	s, state, ctx := scheduler.New(start), reconciler.New(), context.Background()
	require.PanicsWithValue(t, "reconciler: a nil or zero State: make one with New or Restore",
		apply(ctx, nil, s))
	var noContext context.Context
	require.PanicsWithValue(t, "reconciler: a nil context: pass context.Background() if there is "+
		"no other", apply(noContext, state, s))
	const noScheduler = "scheduler: a nil or zero Scheduler: make one with New, NewWithConfig or " +
		"Restore"
	require.PanicsWithValue(t, noScheduler, apply(ctx, state, nil))
	require.PanicsWithValue(t, noScheduler, apply(ctx, state, &scheduler.Scheduler{}))
	require.PanicsWithValue(t, noScheduler, func() {
		_, _ = reconciler.Replay(ctx, state, nil, pool.AddAccount(start, pool.Account{
			ID: "a", Config: earning(1)}), nil)
	})
}

// panicOf calls a method with zero arguments and returns the text with which it panics.
func panicOf(t *testing.T, name string, method reflect.Value) (text string) {
	t.Helper()
	arguments := make([]reflect.Value, method.Type().NumIn())
	for i := range arguments {
		arguments[i] = reflect.Zero(method.Type().In(i))
	}
	if method.Type().IsVariadic() {
		arguments = arguments[:len(arguments)-1]
	}
	defer func() {
		got, isText := recover().(string)
		require.True(t, isText, "%s does not panic with a text", name)
		text = got
	}()
	method.Call(arguments)
	return ""
}
