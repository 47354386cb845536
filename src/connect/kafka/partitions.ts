/** Names of partitions: `topic/3`. A topic's name holds no slash. */
export const partitionName = (topic: string, index: number): string => `${topic}/${index}`

export function parsePartition(name: string): { readonly topic: string; readonly index: number } {
  const slash = name.lastIndexOf('/')
  return { topic: name.slice(0, slash), index: Number(name.slice(slash + 1)) }
}

/** Partitions by their topic, as requests want them. */
export function byTopic<T>(partitions: Iterable<string>, each: (index: number, name: string) => T): { readonly name: string; readonly partitions: T[] }[] {
  const topics = new Map<string, T[]>()
  for (const name of partitions) {
    const { topic, index } = parsePartition(name)
    const its = topics.get(topic)
    if (its === undefined) topics.set(topic, [each(index, name)])
    else its.push(each(index, name))
  }
  return Array.from(topics, ([name, its]) => ({ name, partitions: its }))
}
