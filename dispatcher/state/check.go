package state

import (
	"strings"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"

	"github.com/quotasched/quotasched/internal/check"
	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/protos/replica"
)

// Bounds of what calls may say.
const (
	poolNameBytes   = 63
	accountIDBytes  = 128
	workerNameBytes = 200
	reasonBytes     = 1_000
	taskIDBytes     = 26
	listMax         = 1_000 // tasks of a call, and items of a page
	slotsMax        = 1_024
)

// Check returns an error if a request could be accepted in no state: a wrong name, too much of
// something, a value out of its range. The error is a Refusal, which names the field. What needs
// the state is checked when the request is applied. Requests of other kinds pass.
func Check(request proto.Message) error {
	if named, ok := request.(interface{ GetPool() string }); ok {
		if err := checkPoolName(named.GetPool()); err != nil {
			return err
		}
	}
	if said, ok := request.(interface{ GetReason() string }); ok {
		if err := checkText("reason", said.GetReason(), reasonBytes); err != nil {
			return err
		}
	}
	if about, ok := request.(interface{ GetRequestId() string }); ok {
		if err := checkText("request_id", about.GetRequestId(), requestIDBytes); err != nil {
			return err
		}
	}
	switch r := request.(type) {
	case *dispatch.SubmitTasksRequest:
		return checkSubmit(r)
	case *dispatch.CancelTasksRequest:
		return checkCancel(r)
	case *dispatch.Report:
		return checkReport(r)
	case *dispatch.CreatePoolRequest:
		return checkCreate(r)
	case *dispatch.ConfigurePoolRequest:
		return checkSettings(r.GetSettings())
	case *dispatch.SetAccountRequest:
		return checkAccountID(r.GetAccountId())
	case *dispatch.CordonWorkerRequest:
		return checkWorkerID(r.GetWorker())
	case *dispatch.UncordonWorkerRequest:
		return checkWorkerID(r.GetWorker())
	case *replica.ExternalOperation:
		return checkExternal(r)
	}
	return nil
}

// checkPoolName returns an error unless a name is a lower-case letter and at most 62 lower-case
// letters, digits and dashes.
func checkPoolName(name string) error {
	ok := name != "" && len(name) <= poolNameBytes && name[0] >= 'a' && name[0] <= 'z'
	for _, c := range []byte(name) {
		ok = ok && (c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-')
	}
	if !ok {
		return invalid("pool %s: not a lower-case letter and at most 62 lower-case letters, digits "+
			"and dashes", check.Quote(name))
	}
	return nil
}

// checkText returns an error unless a text is UTF-8, and not too long.
func checkText(what, text string, most int) error {
	if len(text) > most {
		return invalid("%s has %d bytes, more than %d", what, len(text), most)
	}
	if !utf8.ValidString(text) {
		return invalid("%s is not UTF-8", what)
	}
	return nil
}

// checkName is checkText for a text that must not be empty or have control characters.
func checkName(what, name string, most int) error {
	if name == "" {
		return invalid("%s is empty", what)
	}
	if strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return invalid("%s %s has control characters", what, check.Quote(name))
	}
	return checkText(what, name, most)
}

func checkAccountID(id string) error { return checkName("account_id", id, accountIDBytes) }

// checkWorkerID checks a worker as any dispatcher may call it.
func checkWorkerID(id string) error { return checkName("worker", id, 2*workerNameBytes) }

// checkWorkerName returns an error unless a name is of letters, digits, dots, dashes and
// underscores.
func checkWorkerName(name string) error {
	ok := name != "" && len(name) <= workerNameBytes
	for _, c := range []byte(name) {
		ok = ok && (c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' ||
			c == '.' || c == '-' || c == '_')
	}
	if !ok {
		return invalid("worker %s: not 1 to %d letters, digits, dots, dashes and underscores",
			check.Quote(name), workerNameBytes)
	}
	return nil
}

// checkWorkerOrSlot checks the name of a machine, or of one of its slots.
func checkWorkerOrSlot(name string) error {
	machine, slot, ofSlot := strings.Cut(name, "/")
	if err := checkWorkerName(machine); err != nil {
		return err
	}
	if ofSlot && (slot == "" || len(slot) > 4 || strings.Trim(slot, "0123456789") != "") {
		return invalid("worker %s: a slot is NAME/0 to NAME/%d", check.Quote(name), slotsMax-1)
	}
	return nil
}

// checkTaskID returns an error unless an id is 26 digits and upper-case letters.
func checkTaskID(id string) error {
	ok := len(id) == taskIDBytes
	for _, c := range []byte(id) {
		ok = ok && (c >= '0' && c <= '9' || c >= 'A' && c <= 'Z')
	}
	if !ok {
		return invalid("task id %s: not %d digits and upper-case letters", check.Quote(id), taskIDBytes)
	}
	return nil
}

func checkCancel(r *dispatch.CancelTasksRequest) error {
	if n := len(r.GetIds()); n < 1 || n > listMax {
		return invalid("ids: %d is not from 1 to %d", n, listMax)
	}
	return nil
}

func checkCreate(r *dispatch.CreatePoolRequest) error {
	if err := checkSettings(r.GetSettings()); err != nil {
		return err
	}
	if n := len(r.GetAccounts()); n > accountsMax {
		return invalid("accounts: %d are more than %d", n, accountsMax)
	}
	for id := range r.GetAccounts() { // the order is free but for which of several errors is said
		if err := checkAccountID(id); err != nil {
			return invalid("accounts: an id is empty, longer than %d bytes or has control characters",
				accountIDBytes)
		}
	}
	return nil
}
