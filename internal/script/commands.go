package script

import "strings"

// commands are those of both layers. What tells the pool something goes through its door, which
// knows the layer.
var commands = map[string]action{
	"config":         (*pool).config,
	"account":        (*pool).account,
	"delete-account": (*pool).deleteAccount,
	"configure":      (*pool).configure,
	"update-account": (*pool).updateAccount,
	"suspend":        suspend.tell,
	"resume":         resume.tell,
	"cordon":         cordon.tell,
	"uncordon":       uncordon.tell,
	"wipe":           (*pool).wipe,
	"gone":           (*pool).gone,
	"counts":         (*pool).counts,
	"reset-balance":  (*pool).resetBalance,
	"waiting":        (*pool).waiting,
	"running":        (*pool).running,
	"absent":         (*pool).absent,
	"show":           (*pool).show,
	"restore":        (*pool).tryRestore,
	"save":           (*pool).save,
	"compare":        (*pool).compare,
	"events":         (*pool).events,
	"snapshot":       (*pool).snapshot,
	"explain":        (*pool).explain,
	"feasible":       (*pool).feasible,
}

// layerCommands are those of one layer.
var layerCommands = map[Layer]map[string]action{
	Scheduler: {
		"idle":       (*pool).idle,
		"unassign":   (*pool).unassign,
		"handed-out": (*pool).handedOut,
		"block":      (*pool).block,
		"unblock":    (*pool).unblock,
		"time":       (*pool).time,
		"every":      (*pool).every,
		"pass":       (*pool).pass,
		"expired":    (*pool).expired,
	},
	Reconciler: {
		"pull":          (*pool).pull,
		"cancellations": (*pool).cancellations,
		"error":         (*pool).taskError,
		"apply":         (*pool).applyText,
		"unassign":      (*pool).unassign,
	},
}

// goesBehind reports whether a line changes the scheduler behind the reconciler's back.
func (p *pool) goesBehind(line string) bool {
	return p.layer == Reconciler && strings.HasPrefix(line, "unassign ")
}

// save keeps the hash under a name.
func (p *pool) save(c *command) error {
	name, err := c.word("a name")
	if err != nil {
		return err
	}
	p.saved[name] = p.hash()
	return nil
}

// compare prints whether the hash is the one that was saved.
func (p *pool) compare(c *command) error {
	name, err := c.word("a name")
	if err != nil {
		return err
	}
	hash, ok := p.saved[name]
	switch {
	case !ok:
		return scriptError("nothing was saved as %q", name)
	case hash == p.hash():
		p.printf("the same as %s", name)
	default:
		p.printf("not the same as %s", name)
	}
	return nil
}

// events says how events are printed.
func (p *pool) events(c *command) error {
	how, err := c.word("full or short")
	if err != nil {
		return err
	}
	if how != "full" && how != "short" {
		return scriptError("events are full or short, not %s", how)
	}
	p.fullEvents = how == "full"
	return nil
}

// snapshot prints the snapshot.
func (p *pool) snapshot(*command) error {
	p.printf("%s", strings.TrimSuffix(p.text(), "\n"))
	return nil
}
