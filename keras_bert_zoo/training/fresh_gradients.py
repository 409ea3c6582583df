"""Gradients of a model in which two encoders stand, on torch."""


class FreshGradients:
    """Goes before `keras.Model` among the bases of a model that has another one inside of it.

    On torch, Keras (3.15) keeps the parameters of a model by the paths of its weights, and those of
    two encoders are the same: it would not set the gradients of the one back that are trained, and
    every update would have all those before it in it.
    """

    def zero_grad(self, set_to_none=True):
        """Forgets the gradients of the last update; what Keras calls on torch before each."""
        for variable in self.trainable_variables:
            variable.value.grad = None
