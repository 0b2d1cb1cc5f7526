package admission

import (
	"testing"

	"k8s.io/apimachinery/pkg/util/version"
	plugincel "k8s.io/apiserver/pkg/admission/plugin/cel"
	"k8s.io/apiserver/pkg/admission/plugin/policy/mutating/patch"
	"k8s.io/apiserver/pkg/admission/plugin/policy/validating"
	"k8s.io/apiserver/pkg/cel/environment"
)

// A new policy is compiled with the functions of the release before the server's: 1.31 for a cluster of 1.32, the first
// that has these policies. This shows that no newer function is used, not that the older server patches alike.
func TestNoFunctionIsTooNew(t *testing.T) {
	for name, oldest := range map[string]*version.Version{
		"init-container": version.MajorMinor(1, 31),
		"image-volume":   version.MajorMinor(1, 31),
	} {
		t.Run(name, func(t *testing.T) {
			spec := readPolicy(t, "../../deploy/kubernetes/"+name+".yaml").policy.Spec
			options := plugincel.OptionalVariableDeclarations{HasAuthorizer: true}
			compiler, err := plugincel.NewCompositedCompiler(environment.MustBaseEnvSet(oldest))
			if err != nil {
				t.Fatal(err)
			}
			for _, variable := range spec.Variables {
				named := &validating.Variable{Name: variable.Name, Expression: variable.Expression}
				if result := compiler.CompileAndStoreVariable(named, options, environment.NewExpressions); result.Error != nil {
					t.Errorf("%s: %v", variable.Name, result.Error)
				}
			}
			options.HasPatchTypes = true
			var accessor plugincel.ExpressionAccessor
			if mutation := spec.Mutations[0]; mutation.JSONPatch != nil {
				accessor = &patch.JSONPatchCondition{Expression: mutation.JSONPatch.Expression}
			} else {
				accessor = &patch.ApplyConfigurationCondition{Expression: mutation.ApplyConfiguration.Expression}
			}
			evaluator := compiler.CompileMutatingEvaluator(accessor, options, environment.NewExpressions)
			for _, problem := range evaluator.CompilationErrors() {
				t.Error(problem)
			}
		})
	}
}
