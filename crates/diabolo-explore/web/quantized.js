// Codes of vector-quantized models: one vector of a codebook in each group of latent dimensions.

/**
 * The number of the nearest vector of each group.
 * @param {{vectors: number[][][]}} codebooks @param {number[]} code @returns {number[]}
 */
export function chosen({ vectors }, code) {
  const width = vectors[0][0].length;
  return vectors.map((group, g) => {
    const distance = (vector) => vector.reduce((sum, z, k) => sum + (z - code[g * width + k]) ** 2, 0);
    let best = 0, least = Infinity;
    group.forEach((vector, entry) => { const d = distance(vector); if (d < least) { least = d; best = entry; } });
    return best;
  });
}

/** The code of these vectors. @param {{vectors: number[][][]}} codebooks @param {number[]} entries @returns {number[]} */
export const codeOf = ({ vectors }, entries) => entries.flatMap((entry, g) => vectors[g][entry]);

/** The nearest code that the model can have: the code itself without codebooks. @param {any} codebooks @param {number[]} code @returns {number[]} */
export const snapped = (codebooks, code) => (codebooks ? codeOf(codebooks, chosen(codebooks, code)) : code);
