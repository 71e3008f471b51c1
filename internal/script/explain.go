package script

import (
	"strings"

	"google.golang.org/protobuf/encoding/protojson"

	"github.com/quotasched/quotasched/explain"
	"github.com/quotasched/quotasched/scheduler"
)

// explain prints why a request is where it is.
func (p *pool) explain(c *command) error {
	id, err := c.word("the request")
	if err != nil {
		return err
	}
	e, err := p.engine().Explain(scheduler.RequestID(id))
	if err != nil {
		return err
	}
	explain.Describe(e)
	if _, err := protojson.Marshal(e); err != nil {
		return scriptError("the explanation is no JSON: %v", err)
	}
	p.lines(explain.Text(e))
	return nil
}

// feasible prints whether a request of an account, with base labels, could ever run.
func (p *pool) feasible(c *command) error {
	r := &scheduler.TaskRequest{EnqueueTime: p.at}
	id, err := c.word("the request")
	if err != nil {
		return err
	}
	r.ID = scheduler.RequestID(id)
	quoted, _ := c.arg("account")
	account, err := unquote(quoted)
	if err != nil {
		return err
	}
	r.Account = scheduler.AccountID(account)
	if r.BaseLabels, err = c.list("base"); err != nil {
		return err
	}
	f, err := p.engine().CanEverRun(r)
	if err != nil {
		return err
	}
	p.lines(explain.FeasibilityText(f))
	return nil
}

// lines prints a text of several lines. Empty ones would end the output of a stanza, so they are
// left out.
func (p *pool) lines(text string) {
	for line := range strings.Lines(text) {
		if line != "\n" {
			p.printf("%s", strings.TrimSuffix(line, "\n"))
		}
	}
}
