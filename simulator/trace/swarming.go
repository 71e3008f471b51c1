package trace

import (
	"cmp"
	"strings"
)

// swarmingFormat reads results of Swarming tasks, as the method ListTasks of its service Tasks
// answers. Tags have what was asked for: Swarming adds one for each dimension of the request. An
// owner is the LUCI project of the task, or else who asked for it.
var swarmingFormat = jsonFormat{
	noun: "task",
	names: []string{"id", "name", "user", "state", "bot", "pool", "priority", "project", "realm",
		"owner"},
	prefixes: []string{"tag.", "dimension."},
	take:     takeSwarmingTask,
}

// takeSwarmingTask reads the result of a task. One that was deduplicated never ran.
func takeSwarmingTask(o object, to *record, values map[string]string) error {
	submit, err := o.instant("createdTs")
	if err != nil {
		return err
	}
	start, err := o.instant("startedTs")
	if err != nil {
		return err
	}
	end, err := o.instant("completedTs")
	if err != nil {
		return err
	}
	if end < 0 {
		if end, err = o.instant("abandonedTs"); err != nil {
			return err
		}
	}
	if o.text("dedupedFrom") != "" {
		start, end = -1, -1
	}
	if err := to.span(submit, start, end); err != nil {
		return err
	}
	to.id = o.text("taskId")
	for _, tag := range o.texts("tags") {
		key, value, _ := strings.Cut(tag, ":")
		addFirst(values, "tag."+key, value)
	}
	for _, d := range o.objects("botDimensions") {
		if list := d.texts("value"); len(list) > 0 {
			addFirst(values, "dimension."+d.text("key"), list[0])
		}
	}
	realm := values["tag.realm"]
	project, _, _ := strings.Cut(realm, ":")
	values["id"], values["name"], values["user"] = to.id, o.text("name"), o.text("user")
	values["state"], values["bot"] = o.text("state"), o.text("botId")
	values["pool"] = cmp.Or(values["tag.pool"], values["dimension.pool"])
	values["priority"], values["realm"] = values["tag.priority"], realm
	values["project"] = cmp.Or(values["tag.luci_project"], project)
	values["owner"] = cmp.Or(values["project"], values["user"])
	return nil
}

// addFirst sets a value that is not there yet.
func addFirst(values map[string]string, name, value string) {
	if _, known := values[name]; !known {
		values[name] = value
	}
}
