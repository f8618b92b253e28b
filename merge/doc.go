// Package merge turns a recipe and the headers of the models that it names into
// the exact files of the merged model.
package merge
