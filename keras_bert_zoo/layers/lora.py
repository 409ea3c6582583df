"""Dense layers whose low-rank updates (LoRA) are saved as they are, and can be merged."""

import keras

# What Keras' files leave out: it writes the merged kernel alone, and reads zeros as updates, from
# which neither of the two factors ever learns again.
UPDATES = ("lora_kernel_a", "lora_kernel_b", "_kernel", "kernel_scale", "kernel_zero")


class LoraFiles:
    """What `LoraDense` and `LoraEinsumDense` add to Keras' layers (arXiv:2106.09685).

    A file has the merged kernel, as Keras writes it, which layers without updates read; and beside
    it the updates and the kernel under them, which layers with updates read.
    """

    def merge_lora(self):
        """Adds the updates to the kernel and removes them: what is computed stays the same.

        Raises:
            ValueError: there are none, or the kernel is quantized, which would round them.
        """
        path = self._kernel.path
        if not self.lora_enabled:
            raise ValueError(f"{path} has no low-rank updates. Call enable_lora first.")
        if self.quantization_mode:
            raise ValueError(
                f"{path} is quantized to {self.quantization_mode}. Merge first, then quantize."
            )
        self._kernel.assign(self.kernel)
        del self.lora_kernel_a, self.lora_kernel_b
        self.lora_enabled, self.lora_rank, self.lora_alpha = False, None, None

    def quantize(self, mode=None, type_check=True, config=None):
        """As in Keras, which passes classes of others by."""
        return super().quantize(mode, type_check=False, config=config)

    def save_own_variables(self, store):
        super().save_own_variables(store)
        if self.built and self.lora_enabled:
            for name in UPDATES:
                if getattr(self, name, None) is not None:
                    store[name] = getattr(self, name)

    def load_own_variables(self, store):
        keys = list(store.keys())
        super().load_own_variables({key: store[key] for key in keys if key.isdigit()})
        if self.built and self.lora_enabled:
            for name in UPDATES:
                if name in keys:
                    getattr(self, name).assign(store[name])


@keras.saving.register_keras_serializable("keras_bert_zoo")
class LoraDense(LoraFiles, keras.layers.Dense):
    """`keras.layers.Dense` with `merge_lora`, and updates in its files."""


@keras.saving.register_keras_serializable("keras_bert_zoo")
class LoraEinsumDense(LoraFiles, keras.layers.EinsumDense):
    """`keras.layers.EinsumDense` with `merge_lora`, and updates in its files."""
