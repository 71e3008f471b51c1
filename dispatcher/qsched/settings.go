package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/protos/dispatch"
)

// setting is a setting of a pool with its flag.
type setting struct {
	flag, path, usage string
}

// poolSettings are the settings that have flags. What kind of value each takes is its field's.
var poolSettings = []setting{
	{"lease-ttl", "lease_ttl", "how long a worker that hears nothing goes on: 2s to 1h (default 60s)"},
	{"accept-timeout", "accept_timeout", "how long a worker may take to accept a task (default 10m)"},
	{"disconnect-timeout", "disconnect_timeout", "how long a task that goes on without its worker " +
		"being heard of is believed to run (default 24h)"},
	{"max-tasks", "bounds.live_tasks", "tasks that have not ended (default 1,000,000)"},
	{"max-tasks-per-account", "bounds.live_tasks_per_account", "those of one account (default " +
		"as --max-tasks)"},
	{"max-payload-bytes", "bounds.payload_bytes", "bytes of payloads (default 268,435,456)"},
	{"max-ended-tasks", "bounds.ended_tasks", "tasks that have ended and are still known " +
		"(default 100,000)"},
	{"ended-retention", "bounds.ended_retention", "how long one is still known (default 24h)"},
	{"max-workers", "bounds.workers", "workers, which are slots (default 100,000)"},
	{"disable-preemption", "scheduler.disable_preemption", "no task takes the worker of another"},
	{"worker-expiration", "scheduler.worker_expiration", "how long an idle worker is kept without " +
		"news of it (default 5m)"},
	{"request-expiration", "scheduler.request_expiration", "after how long a waiting task expires " +
		"(default never)"},
	{"provision-patience", "scheduler.provision_patience", "how long a task waits for a worker that " +
		"needs no provisioning (default 10m)"},
	{"burst-cover", "scheduler.burst_cover", "for how long a run beyond the account's rate must be " +
		"payable (default 10m)"},
	{"owed-after", "scheduler.owed_after", "how long a task that is owed a worker waits for that of " +
		"a free task at most (default 10m)"},
}

// settingFlags are the flags of the settings of a pool.
type settingFlags struct {
	durations map[string]*time.Duration
	numbers   map[string]*int64
	switches  map[string]*bool
}

// registerSettings adds a flag for each setting.
func registerSettings(flags *pflag.FlagSet) *settingFlags {
	s := &settingFlags{map[string]*time.Duration{}, map[string]*int64{}, map[string]*bool{}}
	for _, one := range poolSettings {
		switch _, field := fieldAt(&dispatch.PoolSettings{}, one.path); field.Kind() {
		case protoreflect.BoolKind:
			s.switches[one.flag] = flags.Bool(one.flag, false, one.usage)
		case protoreflect.Int64Kind:
			s.numbers[one.flag] = flags.Int64(one.flag, 0, one.usage)
		default:
			s.durations[one.flag] = new(time.Duration)
			durationVar(flags, s.durations[one.flag], one.flag, 0, one.usage)
		}
	}
	return s
}

// apply sets what the flags say that were given, and returns which settings those are.
func (s *settingFlags) apply(flags *pflag.FlagSet,
	to *dispatch.PoolSettings) *fieldmaskpb.FieldMask {
	mask := &fieldmaskpb.FieldMask{}
	for _, one := range poolSettings {
		if !flags.Changed(one.flag) {
			continue
		}
		message, field := fieldAt(to, one.path)
		switch {
		case s.switches[one.flag] != nil:
			message.Set(field, protoreflect.ValueOfBool(*s.switches[one.flag]))
		case s.numbers[one.flag] != nil:
			message.Set(field, protoreflect.ValueOfInt64(*s.numbers[one.flag]))
		default:
			d := durationpb.New(*s.durations[one.flag])
			message.Set(field, protoreflect.ValueOfMessage(d.ProtoReflect()))
		}
		mask.Paths = append(mask.Paths, one.path)
	}
	return mask
}

// fieldAt returns the message that has the field at the end of a path, made if it was not there,
// and that field.
func fieldAt(m proto.Message, path string) (protoreflect.Message, protoreflect.FieldDescriptor) {
	message := m.ProtoReflect()
	for {
		name, rest, more := strings.Cut(path, ".")
		field := message.Descriptor().Fields().ByName(protoreflect.Name(name))
		if !more {
			return message, field
		}
		message, path = message.Mutable(field).Message(), rest
	}
}

// addSchedulerPaths adds all settings of the scheduler to a mask.
func addSchedulerPaths(mask *fieldmaskpb.FieldMask) {
	fields := (&protos.Config{}).ProtoReflect().Descriptor().Fields()
	for i := range fields.Len() {
		path := "scheduler." + string(fields.Get(i).Name())
		if !slices.Contains(mask.Paths, path) {
			mask.Paths = append(mask.Paths, path)
		}
	}
}

// settingsText writes the settings that are not the defaults.
func settingsText(s *dispatch.PoolSettings) []string {
	var lines []string
	for _, one := range poolSettings {
		message, field := fieldAt(proto.Clone(s), one.path)
		if !message.Has(field) {
			continue
		}
		var text string
		switch v := message.Get(field).Interface().(type) {
		case bool:
			text = "yes"
		case int64:
			text = words.Number(v)
		case protoreflect.Message:
			text = words.ExactDuration(v.Interface().(*durationpb.Duration).AsDuration())
		}
		lines = append(lines, fmt.Sprintf("--%s  %s", one.flag, text))
	}
	return lines
}
