// Package longcat turns a merge recipe into a published model, and keeps what it
// published true.
//
// [Open] reads a recipe, resolves every model that it names to a commit of a hub
// or to a directory, and plans the merge from headers and configs alone: no
// weights are read. The [Job] that it returns knows every output file to the
// last byte. It fetches what the merge reads ([Job.Fetch]), writes the model
// card ([Job.Card]), and makes the result: in a directory ([Job.WriteDir]) or,
// without a copy on disk, in a repo of a hub ([Job.Publish]).
//
//	job, err := longcat.Open(ctx, longcat.Options{Hub: client, Recipe: recipe})
//	if err != nil {
//		return err
//	}
//	defer job.Close()
//	done, err := job.Publish(ctx, longcat.PublishOptions{Repo: hub.Repo{ID: "me/merged"}})
//
// Every result holds a lock, longcat.lock.json ([Lock]): the recipe's hash, the
// commits and hashes of the models, the options, and the hash of every file that
// was made. With it [Verify] makes a merge again and tells whether a repo or a
// directory holds just that, and [OpenResult] plans a published merge anew, for
// instance to renew its card ([UpdateCard]).
//
// The packages below do the parts and do not know each other: longcat/hub speaks
// to a hub, longcat/merge plans and computes, longcat/modelcard reads and writes
// cards. This package is where they meet. It never prints and reads no
// environment; it is told what to say to people through Options.Notify and
// Options.Progress.
package longcat
