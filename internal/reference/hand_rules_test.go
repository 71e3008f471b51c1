package reference_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

var (
	w0   = []string{"w0"}
	none []string
)

// TestSavedWork: what is saved is paid for; a preemption costs, gives back and loses what came since.
func TestSavedWork(t *testing.T) {
	onPools(t, &scheduler.Config{BurstCover: -1}, func(s *play) {
		s.account(0, "b", 0, 1000)
		s.waiting(0, "victim", "b")
		s.pull(0, w0, "victim>w0")
		s.pull(500, none)
		s.saved(500, "victim", "w0", 480)
		s.saved(510, "victim", "w0", 470) // It never goes back,
		s.saved(511, "victim", "w0", 9e6) // and counts as if up to the last update: 500.
		s.account(511, "a", 1000)
		s.waiting(511, "r", "a")
		s.pull(520, none)
		ev := s.last(protos.TaskEvent_TYPE_PREEMPTED).GetPreempted()
		require.Equal(t, 20*time.Second, ev.GetUnsavedWork().AsDuration())
		require.Equal(t, 20*time.Second, ev.GetLostWork().AsDuration())
		require.EqualValues(t, scheduler.WorkerSeconds(20), ev.GetRefund())
		s.has("a", 980)
	})
}

// TestLostWorkIsRemembered: over the cancellation, and until the request has lost what the limit
// allows; then it is protected.
func TestLostWorkIsRemembered(t *testing.T) {
	onPools(t, &scheduler.Config{}, func(s *play) {
		s.account(0, "a", 1e6)
		s.waiting(0, "victim", "")
		s.pull(0, w0, "victim>w0")
		s.running(0, "victim", "w0")
		s.waiting(400, "r1", "a")
		s.pull(400, none)
		s.retry(400, "victim", "", 0)
		s.absent(401, "r1")
		s.pull(401, w0, "victim>w0")
		s.running(401, "victim", "w0")
		s.waiting(600, "r2", "a")
		s.pull(602, none) // At stake are 400 and 201 seconds.
		s.cancelled(602)
		s.pull(603, []string{"w1"}, "r2>w1")
	})
}

// TestEndedRunsPay: a task that begins and ends between two updates pays for what it ran.
func TestEndedRunsPay(t *testing.T) {
	for end, want := range map[float64]float64{3: 997, 10: 990, 900: 990} {
		onPools(t, &scheduler.Config{}, func(s *play) {
			s.account(0, "a", 1000)
			s.waiting(0, "r", "a")
			s.pull(0, w0, "r>w0")
			s.running(0, "r", "w0")
			s.absent(end, "r")
			s.has("a", 1000)
			s.pull(10, none)
			s.has("a", want)
			s.pull(20, none)
			s.has("a", want)
		})
	}
}

// TestCordon: a cordoned worker gets nothing, and what it was not handed waits again.
func TestCordon(t *testing.T) {
	onPools(t, &scheduler.Config{}, func(s *play) {
		cordon := &protos.Operation{Kind: &protos.Operation_CordonWorker{
			CordonWorker: &protos.CordonWorker{WorkerId: "w0", Reason: "smoke"}}}
		s.pull(0, w0)
		s.waiting(0, "r", "")
		s.pull(1, none) // Held for w0.
		s.do(2, cordon)
		require.Equal(t, "r", s.last(protos.TaskEvent_TYPE_REQUEUED).GetRequestId())
		require.Equal(t, "smoke", s.last(protos.TaskEvent_TYPE_WORKER_CORDONED).GetOrder().GetReason())
		s.pull(3, w0)
		s.do(4, &protos.Operation{Kind: &protos.Operation_UncordonWorker{
			UncordonWorker: &protos.UncordonWorker{WorkerId: "w0"}}})
		s.pull(5, w0, "r>w0")
		s.do(6, cordon)
		s.pull(7, w0, "r>w0") // It was handed out: it goes on being so.
	})
}

// TestSuspend: requests of a suspended account wait, also where AddAccount replaces it.
func TestSuspend(t *testing.T) {
	onPools(t, &scheduler.Config{}, func(s *play) {
		s.account(0, "a", 1000)
		s.do(0, &protos.Operation{Kind: &protos.Operation_SuspendAccount{
			SuspendAccount: &protos.SuspendAccount{AccountId: "a", Reason: "runs wild"}}})
		s.waiting(0, "r", "a")
		s.account(1, "a", 2000)
		s.pull(1, w0)
		s.do(2, &protos.Operation{Kind: &protos.Operation_ResumeAccount{
			ResumeAccount: &protos.ResumeAccount{AccountId: "a"}}})
		s.pull(2, w0, "r>w0")
	})
}

// TestWorkerGone: what runs on it is over, what was handed to it waits again, and nothing has to stop
// on it any more.
func TestWorkerGone(t *testing.T) {
	onPools(t, &scheduler.Config{}, func(s *play) {
		s.waiting(0, "r", "")
		s.pull(0, w0, "r>w0")
		s.gone(1, "w0")
		require.Equal(t, "r", s.last(protos.TaskEvent_TYPE_REQUEUED).GetRequestId())
		s.pull(2, []string{"w1"}, "r>w1")
		s.running(2, "r", "w1")
		s.gone(1.5, "w1") // Old news.
		s.account(3, "a", 1000)
		s.waiting(3, "new", "a")
		s.pull(3, none)
		s.cancelled(3, "r!w1")
		s.gone(4, "w1")
		s.cancelled(4)
		s.pull(5, w0, "new>w0")
		s.running(5, "new", "w0")
		s.gone(6, "w0")
		require.Equal(t, protos.TaskEvent_Completed_REASON_WORKER_GONE,
			s.last(protos.TaskEvent_TYPE_COMPLETED).GetCompleted().GetReason())
	})
}

// TestExpiredRetry: the try that expired stays cancelled; a newer one is another try.
func TestExpiredRetry(t *testing.T) {
	onPools(t, &scheduler.Config{RequestExpiration: time.Minute}, func(s *play) {
		s.waiting(0, "r", "")
		s.pull(61, none)
		s.cancelled(61, "r!")
		s.retry(62, "r", "", 0)
		require.Equal(t, protos.TaskEvent_Ignored_REASON_EXPIRED,
			s.last(protos.TaskEvent_TYPE_IGNORED).GetIgnored().GetReason())
		s.cancelled(62, "r!")
		s.retry(63, "r", "", 63)
		s.cancelled(63)
		s.pull(64, w0, "r>w0")
	})
}

// TestClockAhead: one clock that was ahead does not make the pool deaf to what comes after.
func TestClockAhead(t *testing.T) {
	onPools(t, &scheduler.Config{}, func(s *play) {
		s.pull(1000, none)
		s.waiting(10, "r", "")
		s.pull(10, w0, "r>w0")
		s.running(20, "r", "w0")
		s.absent(500, "r")
		s.pull(86_400, w0)
	})
}

// TestErrorNamesItsWorker: at once, and no longer when the task is there no more.
func TestErrorNamesItsWorker(t *testing.T) {
	onPools(t, &scheduler.Config{}, func(s *play) {
		s.waiting(0, "r", "")
		s.pull(0, w0, "r>w0")
		s.running(0, "r", "w0")
		s.do(1, &protos.Operation{Kind: &protos.Operation_AddTaskError{
			AddTaskError: &protos.AddTaskError{RequestId: "r", Message: "broken"}}})
		s.cancelled(1, "r!w0")
		s.pull(2, w0)
		s.cancelled(2, "r!")
	})
}

// TestConfigure: the fields of the mask change and no others; balances stay.
func TestConfigure(t *testing.T) {
	onPools(t, &scheduler.Config{OwedAfter: time.Hour}, func(s *play) {
		configure := &protos.Configure{Config: &protos.Config{
			BurstCover: durationpb.New(time.Minute), OwedAfter: durationpb.New(time.Second)},
			UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"burst_cover", "max_lost_work"}}}
		s.do(0, &protos.Operation{Kind: &protos.Operation_Configure{Configure: configure}})
		got := s.see().GetScheduler().GetConfig()
		require.Equal(t, time.Minute, got.GetBurstCover().AsDuration())
		require.Equal(t, time.Hour, got.GetOwedAfter().AsDuration())
		require.Equal(t, []string{"burst_cover", "max_lost_work"},
			s.last(protos.TaskEvent_TYPE_CONFIGURED).GetOrder().GetFields())

		s.account(0, "a", 1000)
		update := &protos.UpdateAccount{AccountId: "a", Config: &protos.AccountConfig{
			ChargeRate: []int64{1000}, MaxCharge: durationpb.New(time.Second)},
			UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"charge_rate", "max_charge"}}}
		s.do(0, &protos.Operation{Kind: &protos.Operation_UpdateAccount{UpdateAccount: update}})
		s.has("a", 1000)

		before := s.see().GetScheduler()
		update.UpdateMask.Paths = []string{"charge_rate"}
		update.Config.ChargeRate[0] = -1
		_, err := s.try(1, &protos.Operation{Kind: &protos.Operation_UpdateAccount{UpdateAccount: update}})
		require.ErrorIs(t, err, scheduler.ErrInvalidConfig)
		configure.UpdateMask = nil
		_, err = s.try(1, &protos.Operation{Kind: &protos.Operation_Configure{Configure: configure}})
		require.ErrorIs(t, err, scheduler.ErrInvalid)
		require.Equal(t, marshal(before), marshal(s.see().GetScheduler()))
	})
}

// TestOwed: after ten minutes neither work at stake nor what it paid keeps a free run from a full
// bucket; a bucket that is not full waits on.
func TestOwed(t *testing.T) {
	for balance, want := range map[int64][]string{60: {"r>w0"}, 59: nil} {
		onPools(t, &scheduler.Config{BurstCover: -1, DemoteThreshold: -1}, func(s *play) {
			s.account(0, "a", 500)
			s.waiting(0, "leftover", "a")
			s.pull(0, w0, "leftover>w0")
			s.running(0, "leftover", "w0")
			s.pull(510, none) // It is free by now, and has paid 510 at p0.
			s.waiting(510, "r", "b")
			s.pull(1109.999, none)
			s.do(1109.999, &protos.Operation{Kind: &protos.Operation_AddAccount{
				AddAccount: &protos.AddAccount{AccountId: "b",
					Balance: []int64{balance * quotaUnit, 0, 0, 0, 0},
					Config: &protos.AccountConfig{ChargeRate: []int64{1000},
						MaxCharge: durationpb.New(time.Minute)}}}})
			s.pull(1109.999, none)
			s.cancelled(1109.999)
			s.pull(1110, none)
			if want == nil {
				s.cancelled(1110)
				return
			}
			s.cancelled(1110, "leftover!w0")
			s.absent(1110, "leftover")
			s.pull(1111, w0, want...)
		})
	}
}
