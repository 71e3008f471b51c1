package state

import (
	"strings"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"github.com/quotasched/quotasched/internal/check"
	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/scheduler"
)

// Defaults and bounds of a pool's settings.
const (
	DefaultLeaseTTL          = time.Minute
	DefaultAcceptTimeout     = 10 * time.Minute
	DefaultDisconnectTimeout = 24 * time.Hour

	minLeaseTTL = 2 * time.Second
	maxLeaseTTL = time.Hour
	maxTimeout  = 30 * 24 * time.Hour

	defaultLiveTasks    = 1_000_000
	defaultPayloadBytes = 256 << 20
	defaultEndedTasks   = 100_000
	defaultRetention    = 24 * time.Hour
	defaultWorkers      = 100_000

	maxLiveTasks    = 10_000_000
	maxPayloadBytes = 16 << 30
	maxEndedTasks   = 10_000_000
	maxWorkers      = 100_000 // as many as the scheduler can cordon

	accountsMax = 10_000
	poolsMax    = 1_000
	cordonsMax  = 100_000
)

// limits are the settings of a pool with the defaults in place.
type limits struct {
	leaseTTL, acceptTimeout, disconnectTimeout, retention time.Duration
	liveTasks, liveTasksPerAccount, payloadBytes          int64
	endedTasks, workers                                   int64
}

// limitsOf returns the limits that valid settings mean.
func limitsOf(s *dispatch.PoolSettings) limits {
	b := s.GetBounds()
	l := limits{
		leaseTTL:          durationOr(s.GetLeaseTtl(), DefaultLeaseTTL),
		acceptTimeout:     durationOr(s.GetAcceptTimeout(), DefaultAcceptTimeout),
		disconnectTimeout: durationOr(s.GetDisconnectTimeout(), DefaultDisconnectTimeout),
		retention:         durationOr(b.GetEndedRetention(), defaultRetention),
		liveTasks:         numberOr(b.GetLiveTasks(), defaultLiveTasks),
		payloadBytes:      numberOr(b.GetPayloadBytes(), defaultPayloadBytes),
		endedTasks:        numberOr(b.GetEndedTasks(), defaultEndedTasks),
		workers:           numberOr(b.GetWorkers(), defaultWorkers),
	}
	l.liveTasksPerAccount = numberOr(b.GetLiveTasksPerAccount(), l.liveTasks)
	return l
}

func durationOr(d *durationpb.Duration, otherwise time.Duration) time.Duration {
	if d == nil {
		return otherwise
	}
	return d.AsDuration()
}

func numberOr(n, otherwise int64) int64 {
	if n == 0 {
		return otherwise
	}
	return n
}

// checkSettings returns an error that names the setting of a pool that is out of its range. The
// scheduler's own are left to it.
func checkSettings(s *dispatch.PoolSettings) error {
	b := s.GetBounds()
	for _, d := range []struct {
		name        string
		value       *durationpb.Duration
		least, most time.Duration
	}{
		{"lease_ttl", s.GetLeaseTtl(), minLeaseTTL, maxLeaseTTL},
		{"accept_timeout", s.GetAcceptTimeout(), time.Second, maxTimeout},
		{"disconnect_timeout", s.GetDisconnectTimeout(), time.Second, maxTimeout},
		{"bounds.ended_retention", b.GetEndedRetention(), 0, maxTimeout},
	} {
		if d.value == nil {
			continue
		}
		v, ok := check.Duration(d.value)
		if !ok || v < d.least || v > d.most {
			return invalid("settings.%s: %v is not from %v to %v", d.name, v, d.least, d.most)
		}
	}
	for _, n := range []struct {
		name        string
		value, most int64
	}{
		{"live_tasks", b.GetLiveTasks(), maxLiveTasks},
		{"live_tasks_per_account", b.GetLiveTasksPerAccount(), maxLiveTasks},
		{"payload_bytes", b.GetPayloadBytes(), maxPayloadBytes},
		{"ended_tasks", b.GetEndedTasks(), maxEndedTasks},
		{"workers", b.GetWorkers(), maxWorkers},
	} {
		if n.value < 0 || n.value > n.most {
			return invalid("settings.bounds.%s: %d is not from 0 to %d", n.name, n.value, n.most)
		}
	}
	return nil
}

// schedulerConfig returns the settings of a scheduler that valid settings of a pool mean.
func schedulerConfig(s *dispatch.PoolSettings) (*scheduler.Config, error) {
	if s.GetScheduler() == nil {
		return &scheduler.Config{}, nil
	}
	c, err := scheduler.ConfigFromProto(s.GetScheduler())
	if err == nil {
		err = c.Validate()
	}
	if err != nil {
		return nil, invalid("settings.scheduler: %v", err)
	}
	return c, nil
}

// takeFields returns settings with those fields of others that a mask names, by path.
func takeFields[M proto.Message](to, from M, mask *fieldmaskpb.FieldMask) (M, error) {
	result := proto.CloneOf(to)
	if len(mask.GetPaths()) == 0 {
		return result, invalid("update_mask: names no field")
	}
	for _, path := range mask.GetPaths() {
		if err := takeField(result.ProtoReflect(), from.ProtoReflect(), path); err != nil {
			return result, err
		}
	}
	return result, nil
}

// takeField gives a message the value that a field has in another one; an unset one, too.
func takeField(to, from protoreflect.Message, path string) error {
	rest := path
	for {
		name, inner, deeper := strings.Cut(rest, ".")
		f := to.Descriptor().Fields().ByName(protoreflect.Name(name))
		if f == nil || deeper && (f.Message() == nil || f.IsList() || f.IsMap()) {
			return invalid("update_mask: there is no field %s", check.Quote(path))
		}
		if !deeper {
			to.Clear(f)
			if from.Has(f) {
				to.Set(f, from.Get(f))
			}
			return nil
		}
		to, from, rest = to.Mutable(f).Message(), from.Get(f).Message(), inner
	}
}
