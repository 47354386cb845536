// The main file of a thread that runs models for the server.
import { parentPort } from 'node:worker_threads'
import type { Predictor, TensorBatch } from '../core/index.ts'
import { openModel } from '../models/index.ts'
import { kernelModule } from '../strategies/kernels.ts'
import { onnxRuntime } from '../strategies/onnxruntime.ts'
import type { Answer, Order } from './pool.ts'

const predictors = new Map<number, Promise<Predictor>>(), { signal } = new AbortController()

parentPort!.on('message', async (order: Order) => {
  if (order.kind === 'forget') {
    const predictor = predictors.get(order.model)
    predictors.delete(order.model)
    await predictor?.then(opened => opened.close(), () => {})
    return
  }
  let answer: Answer
  try {
    if (order.opening !== undefined) {
      const { model, ref } = order.opening
      predictors.set(order.model, kernelModule().then(async kernels => (await openModel(model, ref, kernels, onnxRuntime)).predictor))
    }
    const predictor = await predictors.get(order.model)!, features: TensorBatch = { rows: order.rows, tensors: order.tensors, release() {} }
    const { outputs, rejected } = await predictor.predict(features, undefined, signal)
    answer = { id: order.id, tensors: outputs.tensors, rejected: rejected.map(({ row, error }) => ({ row, message: error.message })) }
    outputs.release()
  } catch (error) { answer = { id: order.id, failed: error instanceof Error ? error.message : String(error) } }
  parentPort!.postMessage(answer)
})
