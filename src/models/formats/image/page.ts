import type { FormatPage } from '../page.ts'

export const page: FormatPage = {
  supported: [
    ['holds', 'the model as it lies in memory, its names, and rows with the answers that it must give'],
    ['opens', 'in milliseconds: the arrays of the file are those of the model, nothing is parsed or copied'],
  ],
  refused: [
    ['refused', 'a file that was changed; one that answers its rows otherwise than when it was made; images of later versions'],
  ],
  notes: [
    ['not in an image', 'trees that are not used: which ones are, and the names of categories, is said to `sluice convert`'],
  ],
  exports: [],
}
