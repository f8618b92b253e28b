// Package store keeps a hub's repos in one directory.
package store
