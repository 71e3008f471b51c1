package state

import (
	"bytes"
	"encoding/json"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/protos/replica"
)

// audited runs a command of those who run pools. Its event says who did what, and what was there
// before and is now, or why it was refused.
func (e *entry) audited(c *replica.Command, out *replica.CommandOutcome) error {
	change := &dispatch.Change{Identity: c.GetIdentity()}
	name, err := e.runAudited(c, change, out)
	if err != nil {
		change.Refusal, change.Before, change.After = err.Error(), "", ""
		if e.m.pools[name] == nil {
			change.Subject, name = "pool "+name, ""
		}
	}
	e.emit(name, &dispatch.Event{Kind: &dispatch.Event_Change{Change: change}})
	return err
}

// runAudited runs such a command, fills in its event, and returns the pool's name.
func (e *entry) runAudited(c *replica.Command, change *dispatch.Change,
	out *replica.CommandOutcome) (pool string, err error) {
	about := func(method, subject string, said interface {
		GetPool() string
		GetReason() string
	}) string {
		change.Method, change.Subject, change.Reason = method, subject, said.GetReason()
		return said.GetPool()
	}
	switch k := c.GetKind().(type) {
	case *replica.Command_CreatePool:
		r := k.CreatePool
		return about("CreatePool", "", r), e.createPool(r, change)
	case *replica.Command_ConfigurePool:
		r := k.ConfigurePool
		return about("ConfigurePool", "", r), e.configurePool(r, change, out)
	case *replica.Command_WipePool:
		r := k.WipePool
		return about("WipePool", "", r), e.wipePool(r, out)
	case *replica.Command_DeletePool:
		r := k.DeletePool
		return about("DeletePool", "", r), e.deletePool(r, change)
	case *replica.Command_SetAccount:
		r := k.SetAccount
		return about("SetAccount", r.GetAccountId(), r), e.setAccount(r, change, out)
	case *replica.Command_ResetBalance:
		r := k.ResetBalance
		return about("ResetBalance", r.GetAccountId(), r), e.resetBalance(r, change)
	case *replica.Command_SuspendAccount:
		r := k.SuspendAccount
		return about("SuspendAccount", r.GetAccountId(), r), e.suspendAccount(r)
	case *replica.Command_ResumeAccount:
		r := k.ResumeAccount
		return about("ResumeAccount", r.GetAccountId(), r), e.resumeAccount(r)
	case *replica.Command_DeleteAccount:
		r := k.DeleteAccount
		return about("DeleteAccount", r.GetAccountId(), r), e.deleteAccount(r, change)
	case *replica.Command_CordonWorker:
		r := k.CordonWorker
		return about("CordonWorker", r.GetWorker(), r), e.cordonWorker(r)
	case *replica.Command_UncordonWorker:
		r := k.UncordonWorker
		return about("UncordonWorker", r.GetWorker(), r), e.uncordonWorker(r)
	case *replica.Command_Direct:
		r := k.Direct
		return about("DirectWorker", r.GetWorker(), r), e.directWorker(r)
	}
	panic("invariant: checkKnown and run know the same commands")
}

// jsonOf returns a message as JSON, the same in all builds. It is empty for nil.
func jsonOf(m proto.Message) string {
	if m == nil || !m.ProtoReflect().IsValid() {
		return ""
	}
	loose, err := protojson.Marshal(m) // with spaces that differ between builds
	if err != nil {
		panic("invariant: a message of the state can be marshalled: " + err.Error())
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, loose); err != nil {
		panic("invariant: JSON is JSON: " + err.Error())
	}
	return compact.String()
}
