package forecast_test

import (
	"testing"

	"github.com/quotasched/quotasched/forecast"
	"github.com/quotasched/quotasched/fork"
	"github.com/quotasched/quotasched/protos"
)

// What can never start is told apart from what does not within the horizon, with the reason that an
// explanation gives.
func TestNeverIsNotLater(t *testing.T) {
	all := &forecast.Table{All: given(t, 20, 30, 40)}
	f := run(t, queue(t), all, forecast.Options{})
	r := f.GetRequests()[2]
	if r.GetAnswer() != protos.RequestForecast_ANSWER_NEVER ||
		r.GetReason() != forecast.ReasonNoSuchWorker || r.GetMessage() != "no known worker has tablet" {
		t.Errorf("without a worker: %v", r)
	}
	// An account without anything.
	poor := queue(t)
	poor.Scheduler.Accounts = append(poor.Scheduler.Accounts, &protos.Account{Id: "others",
		Balance: make([]int64, 5),
		Config:  &protos.AccountConfig{ChargeRate: make([]int64, 5), DisableFreeTasks: true}})
	f = run(t, poor, all, forecast.Options{})
	if r := f.GetRequests()[1]; r.GetAnswer() != protos.RequestForecast_ANSWER_NEVER ||
		r.GetReason() != forecast.ReasonNeverPays {
		t.Errorf("without quota: %v", r)
	}
}

// What counts is the fleet that the forecast is made for.
func TestNeverIsOfTheFleet(t *testing.T) {
	all := &forecast.Table{All: given(t, 20, 30, 40)}
	f := run(t, queue(t), all, forecast.Options{Workers: []fork.Worker{
		{ID: "phone", Labels: []string{"phone"}}, {ID: "new", Labels: []string{"tablet"}}}})
	if r := f.GetRequests()[2]; r.GetAnswer() != protos.RequestForecast_ANSWER_STARTS {
		t.Errorf("with a new worker: %v", r)
	}
	f = run(t, queue(t), all, forecast.Options{Workers: []fork.Worker{
		{ID: "new", Labels: []string{"tablet"}}}})
	if r := f.GetRequests()[0]; r.GetAnswer() != protos.RequestForecast_ANSWER_NEVER ||
		r.GetMessage() != `no worker of the fleet has the labels ["phone"]` {
		t.Errorf("without its worker: %v", r)
	}
}
