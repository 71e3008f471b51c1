package shim

import (
	"path/filepath"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/worker/record"
)

const (
	// tellAgain and tellTries are how often a shim tries to record an end on a disk that takes
	// nothing.
	tellAgain = time.Second
	tellTries = 60
)

// tell records how the task ended, and tells the agent.
func (k *keeper) tell(end *dispatch.LeaseReport) error {
	if m := end.GetResult().GetMessage(); len(m) > endBytesMax/2 {
		end.Result.Message = m[:endBytesMax/2]
	}
	content, err := proto.Marshal(end)
	if err != nil {
		return err
	}
	for try := range tellTries {
		if err = record.Write(filepath.Join(k.dir, endFile), content); err == nil || try == 0 {
			k.hub.ended(content)
		}
		if err == nil {
			return nil
		}
		time.Sleep(tellAgain)
	}
	return err
}
