package admission

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
)

// What Kyverno's command line makes of the pods is what the API server makes of them. scripts/kyverno.mjs builds it.
func TestKyvernoMakesTheSamePods(t *testing.T) {
	kyverno := os.Getenv("TRACE_AGENT_KYVERNO")
	if kyverno == "" {
		t.Skip("without Kyverno: TRACE_AGENT_KYVERNO does not name its command line")
	}
	inputs, err := filepath.Glob("pods/*.yaml")
	if err != nil || len(inputs) == 0 {
		t.Fatalf("no pods: %v", err)
	}
	for _, name := range policies {
		for _, input := range inputs {
			pod := strings.TrimSuffix(filepath.Base(input), ".yaml")
			t.Run(name+"/"+pod, func(t *testing.T) {
				var want golden
				decode(t, pod, read(t, filepath.Join("golden", name, pod+".json")), &want)
				output := filepath.Join(t.TempDir(), "pod.yaml")
				command := exec.Command(kyverno, "apply", "../../deploy/kyverno/"+name+".yaml", "--resource", input, "--output", output)
				said, err := command.CombinedOutput()
				if err != nil {
					t.Fatalf("%v\n%s", err, said)
				}
				made := &corev1.Pod{}
				decode(t, output, bytes.TrimSuffix(bytes.TrimSpace(read(t, output)), []byte("---")), made)
				if !equality.Semantic.DeepEqual(want.Pod, made) {
					t.Errorf("Kyverno makes another pod:\n%s\n%s", toJSON(t, made), said)
				}
			})
		}
	}
}
