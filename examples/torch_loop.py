"""A training loop in PyTorch on the handwritten digits.

Run it, and then `kprov show @latest`.
"""

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import kprov_capture.torch as kprov

torch.manual_seed(7)
digits = load_digits()
x, y = torch.tensor(digits.data / 16).float(), torch.tensor(digits.target)
train = DataLoader(TensorDataset(x[:1200], y[:1200]), batch_size=32, shuffle=True)
val, test_set = (x[1200:1500], y[1200:1500]), (x[1500:], y[1500:])

model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Dropout(0.2), nn.Linear(32, 10))
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=1)


def measure(data):
    model.eval()
    with torch.no_grad():
        output = model(data[0])
    return criterion(output, data[1]).item(), (output.argmax(1) == data[1]).float().mean().item()


with kprov.Training(
    "digits-torch", model, optimizer,
    epochs=15, loss=criterion, train=train, val=val, scheduler=scheduler,
) as training:  # fmt: skip
    for epoch in training.epochs():
        model.train()
        losses = []
        for batch, labels in train:
            optimizer.zero_grad()
            loss = criterion(model(batch), labels)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        val_loss, val_accuracy = measure(val)
        epoch.log(loss=sum(losses) / len(losses), val_loss=val_loss, val_accuracy=val_accuracy)
        scheduler.step(val_loss)
    with training.test(test_set) as test:
        loss, accuracy = measure(test_set)
        test.log(loss=loss, accuracy=accuracy)
    training.save("digits.pt")

print("accuracy", accuracy)
