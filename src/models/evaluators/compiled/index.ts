import { SluiceError } from '../../../core/errors.ts'
import type { Evaluator } from '../../../core/models.ts'
import type { KernelModule } from '../../../kernels/webassembly.ts'
import { plainCores } from '../plain/cores.ts'
import type { Core, Cores } from '../plain/cores.ts'
import { openWith } from '../plain/index.ts'
import { compiledLinear } from './linear.ts'
import { compiledLinks } from './links.ts'
import { compiledTrees } from './trees.ts'

/** Trees and linear sums laid out for kernels, with the bits of the plain evaluator; what is around them is the plain evaluator itself. */
export function compiled(module: KernelModule): Evaluator {
  return {
    name: 'compiled',
    async open(model, ref) {
      const taken: Core[] = []
      const first = (core: Core | undefined, other: () => Core): Core => {
        if (core !== undefined) taken.push(core)
        return core ?? other()
      }
      const cores: Cores = {
        trees: trees => first(compiledTrees(trees, module), () => plainCores.trees(trees)),
        linear: linear => first(compiledLinear(linear, module), () => plainCores.linear(linear)),
        links: compiledLinks(module),
      }
      const predictor = openWith(model, ref, cores)
      if (taken.length === 0) throw new SluiceError('SLUICE_MODEL_UNSUPPORTED', `there are no kernels for a model of kind '${model.kind}' of this make`, { at: ref.name })
      return { ...predictor, bytes: taken.reduce((sum, { bytes }) => sum + bytes, 0), how: [...new Set(taken.map(({ how }) => how))].join('; ') }
    },
  }
}
