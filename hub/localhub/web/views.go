package web

import (
	"html/template"
	"time"
)

// Link is text that leads somewhere, or with no Href just text.
type Link struct {
	Text, Href string
}

// Frame is what every page has around it.
type Frame struct {
	Title  string
	List   string // path of the list that the page belongs to: "/models", …; "/" for all
	Search string // what was searched for
	User   string // who is signed in; "" for nobody
	SignIn bool   // there are tokens to sign in with
	Next   string // where to go on after that; empty: the list
}

// Repo is what the head of each of a repo's pages says.
type Repo struct {
	Type        string // "model", "dataset", "space"
	Owner, Name string // "Owner/Name" is its id; Owner may be empty
	Href        string // its page
	Private     bool
	Gated       bool
	Pulls       int // pull requests
}

// Summary is a row of List.
type Summary struct {
	Repo
	Changed time.Time
	Size    int64 // bytes of all files on the main branch
}

// List is the repos that the visitor may see.
type List struct {
	Frame
	Heading     string
	Repos       []Summary
	Total       int // on all pages
	Newer, More string
}

// Inside is what the pages inside a repo have in common.
type Inside struct {
	Frame
	Repo Repo
	Tab  string // "card", "files", "commits", "pulls"

	Rev      string // the revision that is shown, as the address names it
	Branches []Link // the same page at other revisions
	Tags     []Link
}

// Card is a repo's first page.
type Card struct {
	Inside
	HTML   template.HTML // the card, safe to show
	Text   string        // the card as it is written, if it can not be shown as HTML
	Reason string        // why there is neither
	Map    string        // address of the picture of the layers, unless the card shows it

	Facts    []Fact
	Topics   []string // the card's tags
	Commands []string // that fetch the repo
}

// Fact is one line of what is known of a repo.
type Fact struct {
	Name   string
	Values []Link
	Note   string // said after them
}

// Tree is a folder of a repo.
type Tree struct {
	Inside
	Path    []Link // the folders from the root to this one
	Up      string // the folder above
	Last    Change // the commit that is shown
	Entries []Entry
	Files   int // below the folder
	Size    int64
	More    string
}

// Entry is a file or a folder.
type Entry struct {
	Name     string
	Href     string
	Folder   bool
	Files    int   // in a folder, at any depth
	Size     int64 // bytes
	Hash     string
	HashKind string // "sha256" of the content, or "git" for git's blob id
	Download string
	Last     Change // the commit that changed it last; none for folders
}

// Blob is a file.
type Blob struct {
	Inside
	Path   []Link // the folders above
	File   Entry
	Image  string // address to show it from
	Lines  []string
	Reason string // why there are neither

	Groups  []TensorGroup // of a safetensors file
	Tensors int           // how many it has, shown or not
	Filter  string        // that those shown have in their names
}

// TensorGroup is the tensors of a layer, or, without a name, those of none.
type TensorGroup struct {
	Name    string
	Tensors []Tensor
	Size    int64 // bytes
}

// Tensor is one of a weights file, as its header declares it.
type Tensor struct {
	Name  string
	DType string
	Shape []int64
	Size  int64 // bytes
}

// Change is a commit.
type Change struct {
	ID      string
	Href    string
	Title   string
	Message string
	Author  string
	Date    time.Time
}

// Commits is a history, newest first.
type Commits struct {
	Inside
	Changes []Change
	Newest  string // address of the first page, unless this is it
	Older   string
}

// Edit is one file of a commit.
type Edit struct {
	Kind string // "added", "changed", "removed"
	File Link
	Size int64 // after it; before it if removed
	Was  int64 // before it
}

// Edits are the files of a commit.
type Edits struct {
	List                    []Edit
	Added, Changed, Removed int
	Left                    int // not in List: there are too many
}

// Commit is one commit.
type Commit struct {
	Inside
	Change Change
	Parent Link
	Files  string // address of the tree
	Edits  Edits
}

// Proposal is a pull request.
type Proposal struct {
	Number int
	Href   string
	Title  string
	Author string
	Date   time.Time
}

// Pulls is the list of a repo's pull requests, newest first.
type Pulls struct {
	Inside
	Proposals []Proposal
}

// Pull is one pull request: its own commits, newest first, and what they do
// together.
type Pull struct {
	Inside
	Proposal Proposal
	Files    string // address of the tree
	Changes  []Change
	Edits    Edits
}

// Error is an answer that says no.
type Error struct {
	Frame
	Status  int
	Heading string
	Message string
	Hint    string
}

func (List) template() string    { return "list" }
func (Card) template() string    { return "card" }
func (Tree) template() string    { return "tree" }
func (Blob) template() string    { return "blob" }
func (Commits) template() string { return "commits" }
func (Commit) template() string  { return "commit" }
func (Pulls) template() string   { return "pulls" }
func (Pull) template() string    { return "pull" }
func (Error) template() string   { return "error" }
