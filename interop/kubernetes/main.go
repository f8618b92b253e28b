// Command kubernetes reads Kubernetes manifests as the API server does, with the
// types of its own API: an unknown field, a wrong type or a missing one is an
// error. It is a module of its own, so that longcat does not depend on them.
//
//	cd interop/kubernetes && go run . ../../examples/cluster/kubernetes.yaml
package main

import (
	"bytes"
	"fmt"
	"log"
	"os"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

func main() {
	log.SetFlags(0)
	text, err := os.ReadFile(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	jobs := 0
	for _, doc := range bytes.Split(text, []byte("\n---\n")) {
		var kind metav1.TypeMeta
		if err := yaml.Unmarshal(doc, &kind); err != nil {
			log.Fatal(err)
		}
		switch kind.APIVersion + " " + kind.Kind {
		case "batch/v1 Job":
			var job batchv1.Job
			if err := yaml.UnmarshalStrict(doc, &job); err != nil {
				log.Fatal(err)
			}
			check(&job)
			jobs++
		case "v1 Secret":
			if err := yaml.UnmarshalStrict(doc, new(corev1.Secret)); err != nil {
				log.Fatal(err)
			}
		case "v1 ConfigMap":
			if err := yaml.UnmarshalStrict(doc, new(corev1.ConfigMap)); err != nil {
				log.Fatal(err)
			}
		default:
			log.Fatalf("%s %s is not expected", kind.APIVersion, kind.Kind)
		}
	}
	fmt.Printf("%s: %d job(s), read as the API server reads them\n", os.Args[1], jobs)
}

// check wants what the API server wants of an Indexed Job beyond the types.
func check(job *batchv1.Job) {
	s := job.Spec
	indexed := s.CompletionMode != nil && *s.CompletionMode == batchv1.IndexedCompletion
	if indexed && (s.Completions == nil || s.Parallelism == nil) {
		log.Fatalf("job %s is indexed, and says not how many", job.Name)
	}
	if p := s.Template.Spec.RestartPolicy; p != corev1.RestartPolicyNever && p != corev1.RestartPolicyOnFailure {
		log.Fatalf("job %s has restartPolicy %q", job.Name, p)
	}
	if len(s.Template.Spec.Containers) == 0 || job.Name == "" && job.GenerateName == "" {
		log.Fatalf("job %q lacks a name or a container", job.Name)
	}
	for _, c := range s.Template.Spec.Containers {
		for _, e := range c.Env {
			if indexed && e.Name == "JOB_COMPLETIONS" && e.Value != fmt.Sprint(*s.Completions) {
				log.Fatalf("JOB_COMPLETIONS is %q, completions %d", e.Value, *s.Completions)
			}
		}
	}
}
