// Package merge turns a recipe and the headers of the models that it names into
// the exact files of the merged model.
//
// A recipe is mergekit's YAML: layers of one or several models are stacked, or
// merged into one by a method that package method computes tensor by tensor.
// Package recipe reads it, [NewPlan] works
// out every output file to the last byte from configs and headers alone, and
// [File.Content] gives such a file as random access over ranges of the sources,
// though it is written nowhere. Package dirwriter writes [Plan.Output] into a folder;
// the kernel copies them, and on filesystems with reflinks they share the
// sources' blocks. [Upscale] writes recipes.
//
// Tensors are taken by their names in the checkpoints: layers are found by the
// number in a name, not through a list of architectures, and keep the names that
// their checkpoint gives them. Results equal those of mergekit 0.1.5 byte for
// byte but for what that changes on the way: it joins the experts of some
// architectures into other tensors, as transformers 5 holds them in memory, and
// takes the final norm of architectures that it does not know from the first
// slice's model. Here it comes from the last slice's, like the head.
package merge
