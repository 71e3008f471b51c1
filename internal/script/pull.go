package script

import (
	"errors"

	"google.golang.org/protobuf/encoding/prototext"

	"github.com/quotasched/quotasched/protos"
)

// pull is idle workers that ask for tasks.
func (p *pool) pull(c *command) error {
	workers, err := c.workers()
	if err != nil {
		return err
	}
	at, err := c.time("t", p.at)
	if err != nil {
		return err
	}
	assign := &protos.AssignTasks{}
	for _, w := range workers {
		assign.Workers = append(assign.Workers, &protos.IdleWorker{
			WorkerId: string(w.id), Labels: w.labels,
		})
	}
	return p.apply(&protos.Operation{
		Kind: &protos.Operation_AssignTasks{AssignTasks: assign},
	}, at)
}

// cancellations asks what must stop.
func (p *pool) cancellations(*command) error {
	return p.apply(&protos.Operation{
		Kind: &protos.Operation_GetCancellations{GetCancellations: &protos.GetCancellations{}},
	}, p.at)
}

// taskError says that a request cannot run.
func (p *pool) taskError(c *command) error {
	id, text, err := c.twoWords("the request", "the text")
	if err != nil {
		return err
	}
	return p.apply(&protos.Operation{Kind: &protos.Operation_AddTaskError{
		AddTaskError: &protos.AddTaskError{RequestId: id, Message: text},
	}}, p.at)
}

// applyText applies an operation as the script spells it.
func (p *pool) applyText(c *command) error {
	op := &protos.Operation{}
	if c.text == "nil" {
		op = nil
	} else if err := prototext.Unmarshal([]byte(c.text), op); err != nil {
		return scriptError("no operation: %v", errors.Unwrap(err))
	}
	result, err := p.applyOperation(op)
	if err != nil {
		return err
	}
	p.printResult(result)
	return nil
}

// printResult prints the answer to an operation.
func (p *pool) printResult(result *protos.Result) {
	for _, a := range result.GetAssignments() {
		provision := ""
		if a.ProvisionRequired {
			provision = " (provision)"
		}
		p.printf("%s <- %s%s", a.WorkerId, a.RequestId, provision)
	}
	for _, c := range result.GetCancellations() {
		where, why := "", trimEnum(c.Reason, "REASON_")
		if c.WorkerId != "" {
			where = " on " + c.WorkerId
		}
		if c.ErrorMessage != "" {
			why += " " + quoteText(c.ErrorMessage)
		}
		p.printf("cancel %s%s: %s", c.RequestId, where, why)
	}
}
