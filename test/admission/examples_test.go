package admission

import (
	"fmt"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apiserver/pkg/admission"
	helpers "k8s.io/component-helpers/resource"
	"k8s.io/kubernetes/pkg/apis/core/v1/helper/qos"
	"k8s.io/kubernetes/plugin/pkg/admission/limitranger"
)

func TestTheOperatorsExampleHasNoUnknownField(t *testing.T) {
	path := "../../deploy/operator/deployment.yaml"
	deployment := &appsv1.Deployment{}
	decode(t, path, read(t, path), deployment)
	template := deployment.Spec.Template
	pod := &corev1.Pod{ObjectMeta: template.ObjectMeta, Spec: template.Spec}
	pod.Name, pod.Namespace = deployment.Name, deployment.Namespace
	mustBeValid(t, pod)
}

// mustKeepItsClass: the class of service decides what is evicted first.
func mustKeepItsClass(t *testing.T, asked, made *corev1.Pod) {
	t.Helper()
	if before, after := qos.ComputePodQOS(asked), qos.ComputePodQOS(made); before != after {
		t.Errorf("its class of service was %s and is %s", before, after)
	}
}

// A namespace may ask for a least or a most of each container. The server looks after the policies have had their turn.
func TestALimitRangeIsMetByWhatIsAdded(t *testing.T) {
	for _, name := range policies {
		plugin := startPlugin(t, readPolicy(t, "../../deploy/kubernetes/"+name+".yaml"))
		for _, input := range []string{"guaranteed", "busy"} {
			pod := readPod(t, "pods/"+input+".yaml")
			app := pod.Spec.Containers[0]
			pod.Spec.Containers, pod.Spec.InitContainers = []corev1.Container{app}, nil
			exactly := corev1.LimitRangeItem{Type: corev1.LimitTypeContainer, Min: app.Resources.Requests, Max: app.Resources.Limits}
			limitRange := &corev1.LimitRange{Spec: corev1.LimitRangeSpec{Limits: []corev1.LimitRangeItem{exactly}}}
			pod.Spec.Resources = &corev1.ResourceRequirements{Limits: app.Resources.Limits}
			before := helpers.PodRequests(pod, helpers.PodResourcesOptions{})
			if err := admit(plugin, pod, plainObjects, admission.Create); err != nil {
				t.Fatal(err)
			}
			mustBeValid(t, pod)
			if err := limitranger.PodValidateLimitFunc(limitRange, asServer(t, pod)); err != nil {
				t.Errorf("%s, %s: %v", name, input, err)
			}
			if after := helpers.PodRequests(pod, helpers.PodResourcesOptions{}); !equality.Semantic.DeepEqual(before, after) {
				t.Errorf("%s, %s: the pod asked for %v and asks for %v", name, input, before, after)
			}
		}
	}
}

// The server stops an expression that costs too much, and with failurePolicy Ignore nobody would see it.
func TestALargePodIsWithinTheBudget(t *testing.T) {
	const containers, entries = 30, 300
	for _, name := range policies {
		plugin := startPlugin(t, readPolicy(t, "../../deploy/kubernetes/"+name+".yaml"))
		pod := readPod(t, "pods/bare.yaml")
		pod.Spec.Containers = nil
		names := make([]string, containers)
		for i := range containers {
			names[i] = fmt.Sprintf("c%d", i)
			container := corev1.Container{Name: names[i], Image: "registry.example.com/shop:1"}
			for j := range entries {
				container.Env = append(container.Env, corev1.EnvVar{Name: fmt.Sprintf("NAME_%d", j), Value: strings.Repeat("x", 100)})
			}
			pod.Spec.Containers = append(pod.Spec.Containers, container)
		}
		pod.Annotations = map[string]string{"trace-agent.example.org/container-names": strings.Join(names, ",")}
		if err := admit(plugin, pod, plainObjects, admission.Create); err != nil {
			t.Fatal(err)
		}
		for _, container := range pod.Spec.Containers {
			if len(container.Env) != entries+1 {
				t.Fatalf("%s: %s has %d entries", name, container.Name, len(container.Env))
			}
		}
	}
}
