package trace

import "cmp"

// buildbucketFormat reads builds of Buildbucket, as the method SearchBuilds of its service Builds
// answers, or as `bb ls -json` prints them. Pool, priority and dimensions are there if the field
// infra was asked for.
var buildbucketFormat = jsonFormat{
	noun: "build",
	names: []string{"id", "project", "bucket", "builder", "number", "status", "created_by",
		"priority", "pool"},
	prefixes: []string{"tag.", "dimension."},
	take:     takeBuild,
}

// takeBuild reads a build.
func takeBuild(o object, to *record, values map[string]string) error {
	submit, err := o.instant("createTime")
	if err != nil {
		return err
	}
	start, err := o.instant("startTime")
	if err != nil {
		return err
	}
	end, err := o.instant("endTime")
	if err != nil {
		return err
	}
	if err := to.span(submit, start, end); err != nil {
		return err
	}
	to.id = o.text("id")
	for _, tag := range o.objects("tags") {
		addFirst(values, "tag."+tag.text("key"), tag.text("value"))
	}
	infra := o.object("infra")
	swarming := infra.object("swarming")
	for _, from := range []object{swarming, infra.object("backend")} {
		for _, d := range from.objects("taskDimensions") {
			addFirst(values, "dimension."+d.text("key"), d.text("value"))
		}
	}
	builder := o.object("builder")
	values["id"], values["number"], values["status"] = to.id, o.text("number"), o.text("status")
	values["project"], values["bucket"] = builder.text("project"), builder.text("bucket")
	values["builder"], values["created_by"] = builder.text("builder"), o.text("createdBy")
	values["priority"] = swarming.text("priority")
	values["pool"] = cmp.Or(values["dimension.pool"], values["tag.pool"])
	return nil
}
